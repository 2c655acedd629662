import type { NativeOpAttr } from '../engine.js';
import type { Attributes } from './raw.js';

/** Rows and columns of zeros before and after an image, the same in both directions. */
export type Sides = readonly [before: number, after: number];

/** Attributes of TensorFlow's `Conv2D` and its gradients. */
export function convolutionAttributes(
  attributes: Attributes,
  { stride, padding }: { readonly stride: number; readonly padding: number | Sides },
): NativeOpAttr[] {
  const [before, after] = typeof padding === 'number' ? [padding, padding] : padding;
  const isPadded = before > 0 || after > 0;
  return [
    attributes.type('T', 'float32'),
    attributes.int('strides', [1, stride, stride, 1]),
    attributes.string('padding', isPadded ? 'EXPLICIT' : 'VALID'),
    attributes.int('explicit_paddings', isPadded ? [0, 0, before, after, before, after, 0, 0] : []),
    attributes.string('data_format', 'NHWC'),
    attributes.int('dilations', [1, 1, 1, 1]),
    attributes.bool('use_cudnn_on_gpu', true),
  ];
}
