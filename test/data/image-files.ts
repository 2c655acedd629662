/** Handmade files of image data sets. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';

/** A new empty folder. */
export function newFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `care-${name}-`));
}

/** Writes files below a folder, making their folders. */
export function writeFiles(root: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

/** A byte that depends on all its arguments, for pixels whose place can be told. */
export function patternByte(...places: readonly number[]): number {
  return places.reduce((sum, place, at) => sum + place * ([7, 31, 57, 101][at] ?? 1), 3) % 256;
}

/** A CIFAR record: label bytes, then planes of 32 x 32 with `patternByte(image, channel, y, x)`. */
export function cifarRecord(labels: readonly number[], image: number): Buffer {
  const bytes = [...labels];
  for (let channel = 0; channel < 3; channel++)
    for (let y = 0; y < 32; y++) for (let x = 0; x < 32; x++) bytes.push(patternByte(image, channel, y, x));
  return Buffer.from(bytes);
}

/** The folder of CIFAR-10 with records of these labels in its batches (the last one is the test batch). */
export function writeCifar10(root: string, batches: readonly (readonly number[])[]): void {
  const names = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`).concat('test_batch.bin');
  let image = 0;
  const files = names.map((name, index) => [
    `cifar-10-batches-bin/${name}`,
    Buffer.concat((batches[index] ?? []).map((label) => cifarRecord([label], image++))),
  ]);
  writeFiles(root, {
    'cifar-10-batches-bin/batches.meta.txt': `${Array.from({ length: 10 }, (_, at) => `class${at}`).join('\n')}\n\n`,
    ...(Object.fromEntries(files) as Record<string, Buffer>),
  });
}

/** A PNG of one colour. */
export function solidPng(red: number, green: number, blue: number, width = 16, height = 16): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: { r: red, g: green, b: blue } } })
    .png()
    .toBuffer();
}

/** An entry of a tar archive; `type` as in the header: 0 file, 1 link, 2 symbolic link, 5 folder. */
export interface TarPart {
  readonly path: string;
  readonly content?: Uint8Array;
  readonly type?: string;
  readonly link?: string;
}

/** A tar archive by hand (POSIX ustar), so that it can hold what no program would pack. */
export function tarOf(parts: readonly TarPart[]): Buffer {
  const blocks = parts.flatMap(({ path, content = new Uint8Array(), type = '0', link = '' }) => {
    const header = Buffer.alloc(512);
    header.write(path, 0, 100, 'utf8');
    header.write('0000644\0', 100);
    header.write('0000000\0', 108);
    header.write('0000000\0', 116);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        ', 148);
    header.write(type, 156);
    header.write(link, 157, 100, 'utf8');
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const padded = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    padded.set(content);
    return [header, padded];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** The same, gzipped. */
export function tarGzOf(parts: readonly TarPart[]): Buffer {
  return gzipSync(tarOf(parts));
}
