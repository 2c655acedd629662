/** Transfer: images that an encoder was not trained on, on which it is probed. */
import { imageData, isAtHand, type ImageData } from '../../data/images.js';
import { UserError } from '../../runs/user-error.js';
import type { ImageConfig } from './config.js';
import type { MeasureSettings } from './measure-config.js';

/** The measure that needs images besides those of its run. */
export const TRANSFER = 'transfer' as const;

/** The set of images on which a run's encoder is tried. */
export function transferData({ data }: ImageConfig, { transfer }: Pick<MeasureSettings, 'transfer'>): string {
  return transfer.data ?? (data.name === 'cifar100' ? 'cifar10' : 'cifar100');
}

/**
 * The run's configuration with those images in place of its own: all of them, in the size of those that it was trained on.
 *
 * @throws UserError for the images on which the run was trained.
 */
export function transferConfig(
  config: ImageConfig,
  settings: Pick<MeasureSettings, 'transfer'>,
): ImageConfig {
  const name = transferData(config, settings);
  if (name === config.data.name) {
    throw new UserError(
      `The run was trained on ${name}, so it cannot be transferred to it.`,
      'Name another set of images: -p transfer.data=cifar100.',
    );
  }
  return { ...config, data: { ...config.data, name, size: sizeOf(config), limit: null } };
}

/** Height and width of a run's images. */
function sizeOf({ data }: ImageConfig): number {
  return data.size ?? imageData(data.name).size;
}

function fits({ size, resizing }: ImageData, wanted: number): boolean {
  if (resizing === 'any' || size === wanted) return true;
  return resizing === 'divisors' && size % wanted === 0;
}

/** Whether the images are there, and can be had in the size of those that the run was trained on. */
export function canTransfer(
  config: ImageConfig,
  settings: Pick<MeasureSettings, 'transfer'>,
  dataDir: string | undefined,
): boolean {
  const data = imageData(transferData(config, settings));
  if (data.name === config.data.name || !fits(data, sizeOf(config))) return false;
  return isAtHand(data, dataDir);
}
