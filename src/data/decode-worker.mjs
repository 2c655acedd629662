/**
 * Worker thread that decodes images. Plain JavaScript, because Node starts it by its path both from the sources (in
 * tests) and from the build; `decode-pool.ts` is its other end and holds the types.
 *
 * In:  { id, bytes | path, size }   bytes: the encoded image; path: a file to read
 * Out: { id, pixels, sha256, length, traits } or { id, problem, hint }
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';

// Parallel by images, not inside one; every image is read once, so that a cache of libvips only costs memory.
sharp.concurrency(1);
sharp.cache(false);

const REMOVE = 'Repair the image, or take it out of its folder.';

class ImageProblem extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

/** Kind of file by its first bytes; libvips would read many more, which other readers of the folder do not. */
function formatOf(bytes) {
  if (bytes.length === 0) throw new ImageProblem('the file is empty', REMOVE);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'jpeg';
  if (bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])))
    return 'png';
  if (/^GIF8[79]a/.test(bytes.toString('latin1', 0, 6))) {
    throw new ImageProblem('this is a GIF', 'Save it as PNG; of an animated image choose one frame.');
  }
  throw new ImageProblem('this is no JPEG or PNG', REMOVE);
}

/** An animated PNG announces itself (acTL) before its pixels (IDAT); libvips would quietly give its first frame. */
function checkStill(bytes, metadata) {
  const announced = bytes.indexOf('acTL', 8, 'latin1');
  const animated = announced >= 0 && announced < bytes.indexOf('IDAT', 8, 'latin1');
  if (animated || (metadata.pages ?? 1) > 1) {
    throw new ImageProblem('the image is animated', 'Save one of its frames as PNG, or take it out.');
  }
}

/** What of an image is converted; counted for the reader. */
function traitsOf(metadata) {
  const traits = [];
  if (metadata.space === 'cmyk') traits.push('cmyk');
  if (metadata.channels < 3) traits.push('grey');
  if (metadata.depth !== 'uchar') traits.push('deep');
  if (metadata.hasAlpha) traits.push('alpha');
  return traits;
}

/**
 * 8-bit sRGB pixels `[size, size, 3]`: the shorter side is brought to `size` with an antialiased triangle filter
 * (bilinear, as torchvision's Resize), and the middle is cut out. Transparency is dropped and the orientation of a
 * camera ignored, both as in torchvision's image folders; an embedded colour profile is used for CMYK alone.
 */
async function decode(bytes, size) {
  const format = formatOf(bytes);
  try {
    const options = { failOn: 'warning', limitInputPixels: 2 ** 28 };
    const metadata = await sharp(bytes, options).metadata();
    if (format === 'png') checkStill(bytes, metadata);
    let image = sharp(bytes, { ...options, ignoreIcc: metadata.space !== 'cmyk' }).removeAlpha();
    if (metadata.width !== size || metadata.height !== size) {
      image = image.resize(size, size, {
        fit: 'cover',
        position: 'centre',
        kernel: 'linear',
        fastShrinkOnLoad: false,
      });
    }
    const { data, info } = await image
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { pixels: toRgb(data, info), traits: traitsOf(metadata) };
  } catch (error) {
    if (error instanceof ImageProblem) throw error;
    throw new ImageProblem(`the image is damaged (${String(error.message).split('\n')[0]})`, REMOVE);
  }
}

/** A copy of its own that can be handed over to the main thread, with grey written three times. */
function toRgb(data, { channels, width, height }) {
  if (channels === 3) return Uint8Array.from(data);
  const pixels = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) pixels.fill(data[at * channels], 3 * at, 3 * at + 3);
  return pixels;
}

async function work({ id, bytes, path, size }) {
  try {
    const content =
      path === undefined ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : await readFile(path);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const { pixels, traits } = await decode(content, size);
    parentPort.postMessage({ id, pixels, sha256, length: content.length, traits }, [pixels.buffer]);
  } catch (error) {
    const hint = error instanceof ImageProblem ? error.hint : 'Check the path and permissions.';
    parentPort.postMessage({ id, problem: error.message, hint });
  }
}

parentPort.on('message', (task) => void work(task));
