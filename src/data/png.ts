/** Images of a data set as PNG files, for pages. */

/** Height and width above which a picture is made smaller. */
const LARGEST = 64;

/**
 * An image as a PNG in a data URL, at most 64 pixels wide and high.
 *
 * @param pixels - uint8 `[height, width, 3]`, red, green and blue.
 * @throws RangeError for pixels of another size.
 */
export async function pngUrl(
  pixels: Uint8Array,
  { height, width }: { readonly height: number; readonly width: number },
): Promise<string> {
  if (pixels.length !== 3 * height * width) {
    throw new RangeError(`pngUrl: ${pixels.length} bytes are no image of ${height} x ${width} x 3.`);
  }
  const { default: sharp } = await import('sharp');
  const image = sharp(pixels, { raw: { height, width, channels: 3 } });
  const small = image.resize({ height: LARGEST, width: LARGEST, fit: 'inside', withoutEnlargement: true });
  const png = await small.png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}
