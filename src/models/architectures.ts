/** The image encoders by the name that configurations and the command line give them. */
import { resNet, smallResNet, type FeatureModule, type SmallResNetOptions, type Stem } from './resnet.js';

export const ARCHITECTURES = ['small', 'resnet18', 'resnet34', 'resnet50'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** Channels of the first stage and residual blocks of each. */
export type SmallSizes = Pick<SmallResNetOptions, 'width' | 'blocks'>;

export const STEMS: readonly Stem[] = ['cifar', 'imagenet'];

/** The encoder of that name, without a classifier; `sizes` are those of the small one, which alone has a choice. */
export function encoderOf(architecture: Architecture, stem: Stem, sizes: SmallSizes = {}): FeatureModule {
  switch (architecture) {
    case 'small':
      return smallResNet({ ...sizes, stem });
    case 'resnet18':
      return resNet({ depth: 18, stem });
    case 'resnet34':
      return resNet({ depth: 34, stem });
    case 'resnet50':
      return resNet({ depth: 50, stem });
  }
}
