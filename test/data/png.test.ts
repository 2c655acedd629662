import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { pngUrl } from '../../src/data/png.js';

async function decoded(url: string) {
  const bytes = Buffer.from(url.replace('data:image/png;base64,', ''), 'base64');
  return sharp(bytes).raw().toBuffer({ resolveWithObject: true });
}

describe('pngUrl', () => {
  it('keeps every pixel of a small image', async () => {
    const pixels = Uint8Array.from({ length: 4 * 6 * 3 }, (_, i) => (37 * i) % 256);
    const { data, info } = await decoded(await pngUrl(pixels, { height: 4, width: 6 }));
    expect([info.height, info.width, info.channels]).toEqual([4, 6, 3]);
    expect(Array.from(data)).toEqual(Array.from(pixels));
  });

  it('makes a large one smaller, in its proportions', async () => {
    const pixels = new Uint8Array(128 * 96 * 3).fill(200);
    const { data, info } = await decoded(await pngUrl(pixels, { height: 128, width: 96 }));
    expect([info.height, info.width]).toEqual([64, 48]);
    expect(new Set(data)).toEqual(new Set([200]));
  });

  it('refuses pixels of another size', async () => {
    await expect(pngUrl(new Uint8Array(10), { height: 2, width: 2 })).rejects.toThrow(/no image of 2 x 2/);
  });
});
