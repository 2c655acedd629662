/** The draws of the whole augmentation in test/golden/augment.py. */
import type { SimclrParameters } from '../../src/augment/simclr.js';
import golden from '../golden/augment.json' with { type: 'json' };

export function goldenDraws(): SimclrParameters {
  const { draws } = golden.whole;
  const box = (k: number) => Int32Array.from(draws, (draw) => draw.box[k] ?? NaN);
  const factor = (k: number) => Float32Array.from(draws, (draw) => draw.factors[k] ?? NaN);
  return {
    count: draws.length,
    crop: { top: box(0), left: box(1), height: box(2), width: box(3) },
    flip: { flipped: Uint8Array.from(draws, ({ flip }) => Number(flip)) },
    jitter: {
      jittered: Uint8Array.from(draws, ({ order }) => Number(order !== null)),
      brightness: factor(0),
      contrast: factor(1),
      saturation: factor(2),
      hue: factor(3),
      order: Uint8Array.from(draws.flatMap(({ order }) => order ?? [0, 1, 2, 3])),
    },
    grayscale: { grey: Uint8Array.from(draws, ({ grey }) => Number(grey)) },
    blur: { sigma: Float32Array.from(draws, ({ sigma }) => sigma ?? 0) },
  };
}
