/**
 * Embeddings of one encoder that several measures need, made once: Wahba's error, steering and gamma_f look at the same
 * augmented images, and each looks before the head and after it.
 */
import type { ImageEmbeddings } from './embedding.js';

/** Beyond it embeddings are made anew each time: 20 augmentations of 50,000 images would fill the memory. */
const MOST_BYTES = 512 * 2 ** 20;

interface Kept {
  bytes: number;
  readonly found: Map<string, ImageEmbeddings>;
}

/** By the object that stands for an encoder and its data: they go with it. */
const keptOf = new WeakMap<object, Kept>();

function bytesOf({ features, embeddings }: ImageEmbeddings): number {
  return features.values.byteLength + embeddings.values.byteLength;
}

/**
 * Embeddings of a subject, from memory where they were made before.
 *
 * @param subject - the encoder with its data; what is kept is forgotten with this object.
 * @param what - all that these embeddings depend on beside the subject, as data that can be written as JSON.
 * @param limit - bytes that may be kept for a subject.
 */
export function sharedEmbeddings(
  subject: object,
  what: unknown,
  make: () => ImageEmbeddings,
  limit = MOST_BYTES,
): ImageEmbeddings {
  const kept = keptOf.get(subject) ?? { bytes: 0, found: new Map<string, ImageEmbeddings>() };
  keptOf.set(subject, kept);
  const key = JSON.stringify(what);
  const known = kept.found.get(key);
  if (known !== undefined) return known;
  const made = make();
  const bytes = bytesOf(made);
  if (kept.bytes + bytes <= limit) {
    kept.found.set(key, made);
    kept.bytes += bytes;
  }
  return made;
}
