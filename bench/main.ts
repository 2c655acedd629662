/** `npm run bench -- NAME`: each benchmark compares in one run, in alternation, and prints a line `ratio N.NN`. */
import { Command } from 'commander';
import { benchOps } from './ops/bench.js';
import { benchAugment } from './augment/bench.js';
import { benchDeepSet } from './deepset/bench.js';
import { benchEpoch } from './epoch/bench.js';
import { benchGpu } from './gpu/bench.js';
import { benchKnn } from './knn/bench.js';
import { benchLoading } from './loading/bench.js';
import { benchMemory } from './memory/bench.js';
import { benchMoco } from './moco/bench.js';
import { benchProbe } from './probe/bench.js';
import { benchStep } from './resnet/bench.js';
import { benchWahba } from './wahba/bench.js';

const program = new Command('bench');
program
  .description('benchmarks against PyTorch on the same cores; run them on an idle machine')
  .showHelpAfterError();
program
  .command('deepset')
  .description(
    'one training step of the protein experiment (128 clouds x 256 points, 4 views, Adam) against PyTorch',
  )
  .option('--rounds <n>', 'times that each side is timed', '8')
  .option('--steps <n>', 'steps of a side before the other has its turn', '6')
  .option('--threads <n>', 'threads of each side', '2')
  .option('--out <file>', 'write the figures as JSON')
  .action(benchDeepSet);
program
  .command('augment')
  .description('SimCLR views of 32 x 32 images a second, from bytes, against torchvision on PIL images')
  .option('--rounds <n>', 'times that each side is timed', '10')
  .option(
    '--batches <n>',
    'batches of torchvision before the others have their turn; they make ten times as many',
    '4',
  )
  .option('--threads <n>', 'threads of each side; torchvision has processes', '2')
  .option('--out <file>', 'write the figures as JSON')
  .action(benchAugment);

program
  .command('step')
  .description('one training step of a ResNet on 32 x 32 images against PyTorch in both memory layouts')
  .argument('<network>', 'resnet18 or resnet50')
  .option('--batch <n>', 'images of a view (default: 32 for resnet18, 16 for resnet50)')
  .option('--rounds <n>', 'times that each side is timed', '6')
  .option('--steps <n>', 'steps of a side before the other has its turn', '2')
  .option('--threads <n>', 'threads of each side', '2')
  .option('--fast', 'also our step with the order left to TensorFlow')
  .option('--shards <n>', 'also our step in so many processes of one thread each')
  .option('--out <file>', 'write the figures as JSON')
  .action(benchStep);
program
  .command('moco')
  .description(
    "MoCo's step against its own forward and backward pass plus one forward pass; the ratio is to be low",
  )
  .argument('[network]', 'resnet18 or resnet50', 'resnet18')
  .option('--batch <n>', 'images of a view', '32')
  .option('--queue <n>', 'keys in the queue', '4096')
  .option('--rounds <n>', 'times that each side is timed', '6')
  .option('--steps <n>', 'steps of a side before the other has its turn', '2')
  .option('--threads <n>', 'threads of each side', '2')
  .option('--out <file>', 'write the figures as JSON')
  .action(benchMoco);
program
  .command('memory')
  .description('peak resident memory of the ResNet-18 step against PyTorch; the ratio is to be low')
  .option('--batch <n>', 'images of a view', '32')
  .option('--steps <n>', 'steps before memory is looked at', '3')
  .option('--threads <n>', 'threads of each side', '2')
  .option('--out <file>', 'write the figures as JSON')
  .action(benchMemory);
program
  .command('knn')
  .description('nearest neighbours of 10,000 queries among 50,000 features against PyTorch')
  .option('--queries <n>', 'features to classify', '10000')
  .option('--bank <n>', 'features that vote', '50000')
  .option('--dim <n>', 'numbers of a feature', '512')
  .option('--k <n>', 'neighbours', '200')
  .option('--rounds <n>', 'times that each side is timed', '4')
  .option('--threads <n>', 'threads of each side', '2')
  .option('--out <file>', 'write the figures as JSON')
  .action(benchKnn);
program
  .command('wahba')
  .description("Wahba's error over 20 augmentations of 10,000 embeddings against NumPy and SciPy")
  .option('--rows <n>', 'embeddings', '10000')
  .option('--dim <n>', 'numbers of an embedding', '128')
  .option('--trials <n>', 'augmentations, each with its own rotation', '20')
  .option('--rounds <n>', 'times that each side is timed', '8')
  .option('--threads <n>', 'threads of each side', '2')
  .option('--out <file>', 'write the figures as JSON')
  .action(benchWahba);
program
  .command('probe')
  .description('a linear probe on 5,000 features of 512, 100 epochs, against PyTorch')
  .option('--rows <n>', 'features to learn from', '5000')
  .option('--dim <n>', 'numbers of a feature', '512')
  .option('--classes <n>', 'classes', '10')
  .option('--epochs <n>', 'passes over the features', '100')
  .option('--batch <n>', 'features in a step', '512')
  .option('--rounds <n>', 'times that each side is timed', '6')
  .option('--threads <n>', 'threads of each side', '2')
  .option('--out <file>', 'write the figures as JSON')
  .action(benchProbe);
program
  .command('epoch')
  .description('one epoch of CARE on CIFAR-10, from files to checkpoint, against a PyTorch DataLoader')
  .option('--rounds <n>', 'times that each side is timed', '3')
  .option('--threads <n>', 'threads of each side', '2')
  .option('--workers <n>', "processes of PyTorch's DataLoader", '2')
  .option('--layout <name>', "only one of PyTorch's memory layouts: contiguous or channels_last")
  .option('--fast', 'also our run with the order of ops left to TensorFlow')
  .option('--out <file>', 'write the figures as JSON')
  .action(benchEpoch);
program
  .command('loading')
  .description('what preparing a batch costs beside the step that trains on it')
  .option('--steps <n>', 'steps of the large network; ten times as many of the small one', '4')
  .option('--out <file>', 'write the figures as JSON')
  .action(benchLoading);
program
  .command('gpu')
  .description('on a machine with an NVIDIA GPU: set-up, parity with the processor, step times, memory')
  .option('--steps <n>', 'steps that are timed', '20')
  .option('--largest <n>', 'largest batch', '512')
  .option('--out <file>', 'the record', 'gpu-record.json')
  .action(benchGpu);

program
  .command('ops')
  .description('where the time of a ResNet step goes: every op by name and shapes, timed one by one')
  .option('--depth <n>', '18, 34 or 50', '18')
  .option('--batch <n>', 'images of a view', '32')
  .option('--steps <n>', 'steps that are timed', '2')
  .option('--rows <n>', 'rows of each table', '30')
  .action(benchOps);

program.parseAsync().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
