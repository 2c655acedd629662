import { afterAll, describe, expect, it } from 'vitest';

import { decodePool } from '../../src/data/decode-pool.js';
import golden from '../golden/image_decode.json' with { type: 'json' };

const pool = decodePool(2);
afterAll(() => pool.close());
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));

/** Largest and mean difference of two images. */
function difference(a: Uint8Array, b: Uint8Array): { readonly most: number; readonly mean: number } {
  const differences = Array.from(a, (value, at) => Math.abs(value - (b[at] ?? NaN)));
  return {
    most: Math.max(...differences),
    mean: differences.reduce((sum, each) => sum + each, 0) / differences.length,
  };
}

describe('decoding', () => {
  it.each(Object.entries(golden.cases))('%s gives the pixels of Pillow', async (name, expected) => {
    const { pixels, traits, length } = await pool.decode(
      { bytes: bytesOf(expected.file) },
      name,
      expected.size,
    );
    expect(traits).toEqual(expected.traits);
    expect(length).toBe(bytesOf(expected.file).length);
    expect(pixels).toHaveLength(expected.size ** 2 * 3);
    const { most, mean } = difference(pixels, bytesOf(expected.pixels));
    // Exact where nothing is computed; JPEG decoders round differently, and so do filters at the edge.
    const isExact = name.endsWith('.png') && ['rgb.png', 'grey.png', 'deep.png', 'alpha.png'].includes(name);
    expect(most).toBeLessThanOrEqual(isExact ? 0 : 6);
    // libvips places the pixels of an enlarged image a little differently; shrinking agrees.
    const meanAllowed = name === 'larger.png' ? 2 : 1;
    expect(mean).toBeLessThanOrEqual(isExact ? 0 : meanAllowed);
  });

  it('CMYK comes to sRGB, the same every time', async () => {
    const decode = () => pool.decode({ bytes: bytesOf(golden.cmyk.file) }, 'cmyk.jpg', 24);
    const [first, second] = [await decode(), await decode()];
    expect(first.traits).toEqual(['cmyk']);
    expect(first.pixels).toEqual(second.pixels);
    // Inks are duller than light, but what is bright stays bright: the two images go together.
    const rgb = bytesOf(golden.cases['rgb.jpg'].pixels);
    expect(difference(first.pixels, rgb).mean).toBeLessThan(60);
    expect(first.pixels).not.toEqual(new Uint8Array(24 * 24 * 3));
  });

  it('tells what is wrong with an image that cannot be used', async () => {
    const jpeg = bytesOf(golden.cases['rgb.jpg'].file);
    const png = bytesOf(golden.cases['rgb.png'].file);
    const broken = Uint8Array.from(png);
    broken.fill(0, 60, 80);
    const cases = [
      ['cut.jpg', jpeg.slice(0, jpeg.length / 2), 'the image is damaged ('],
      ['cut.png', png.slice(0, png.length / 2), 'the image is damaged ('],
      ['broken.png', broken, 'the image is damaged ('],
      ['head.jpg', jpeg.slice(0, 20), 'the image is damaged ('],
      ['empty.png', new Uint8Array(), 'the file is empty'],
      ['text.jpg', bytesOf('aGVsbG8gd29ybGQ='), 'this is no JPEG or PNG'],
      ['moving.png', bytesOf(golden.moving['moving.png']), 'the image is animated'],
      ['moving.gif', bytesOf(golden.moving['moving.gif']), 'this is a GIF'],
    ] as const;
    for (const [name, bytes, problem] of cases) {
      await expect(pool.decode({ bytes }, `set/${name}`, 24)).rejects.toThrow(`set/${name}: ${problem}`);
    }
    await expect(pool.decode({ path: '/no/such.png' }, 'such.png', 24)).rejects.toThrow('such.png: ENOENT');
  });
});
