/** Our side of the GPU benchmark's step times: `node step.js BATCH`; the images lie on the device. */
import { environmentFacts } from 'care';
import { answerLines } from '../answer.js';
import { resNetStep } from '../resnet/program.js';

const { run } = resNetStep(18, Number(process.argv[2]), 'chained', { resident: true });

answerLines(run, {
  /** 1 where TensorFlow computes on a GPU. */
  gpu: () => [environmentFacts().device === 'gpu' ? 1 : 0],
});
