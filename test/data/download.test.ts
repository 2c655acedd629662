import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { download } from '../../src/data/download.js';
import { fileServer, type FileServer } from './file-server.js';
import { newFolder } from './image-files.js';

const root = newFolder('download');
const content = Uint8Array.from({ length: 300_000 }, (_, at) => (at * at) % 251);
const sha256 = createHash('sha256').update(content).digest('hex');
const quick = { pauseMs: 1, attempts: 3 };
let server: FileServer;
let target = '';
let number = 0;

beforeAll(async () => {
  server = await fileServer();
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  target = join(root, String(number++), 'file.bin');
});

const remote = (digest = sha256) => ({
  address: `${server.address}file.bin`,
  file: 'file.bin',
  bytes: content.length,
  checksum: { algorithm: 'sha256' as const, digest },
});
const got = (): boolean => readFileSync(target).equals(content);

describe('a download', () => {
  it('arrives whole, tells its progress, and is not fetched again', async () => {
    server.serve(content);
    const seen: number[] = [];
    expect(await download(remote(), target, { ...quick, onBytes: (bytes) => seen.push(bytes) })).toBe(
      'fetched',
    );
    expect(got()).toBe(true);
    expect(seen.at(-1)).toBe(content.length);
    expect(existsSync(`${target}.part`) || existsSync(`${target}.part.version`)).toBe(false);
    expect(await download(remote(), target, quick)).toBe('present');
    expect(server.requests).toEqual(['all']);
  });

  it('goes on where a dropped connection left it', async () => {
    server.serve(content, { dropAfter: 100_000 });
    expect(await download(remote(), target, quick)).toBe('fetched');
    expect(got()).toBe(true);
    expect(server.requests[0]).toBe('all');
    expect(server.requests[1]).toMatch(/^bytes=[1-9]\d*-$/);
    expect(server.requests.length).toBeGreaterThanOrEqual(3);
  });

  it('goes on in the next call, and in one where the server forgot Range', async () => {
    server.serve(content, { dropAfter: 0 });
    await expect(download(remote(), target, quick)).rejects.toThrow('the download failed');
    server.serve(content);
    writeFileSync(`${target}.part`, content.subarray(0, 1234));
    expect(await download(remote(), target, quick)).toBe('fetched');
    expect(server.requests).toEqual(['bytes=1234-']);
    expect(got()).toBe(true);

    rmSync(target);
    writeFileSync(`${target}.part`, content.subarray(0, 1234));
    server.serve(content, { ranges: false });
    expect(await download(remote(), target, quick)).toBe('fetched');
    expect(got()).toBe(true);
  });

  it('begins anew when the file on the server is another version', async () => {
    server.serve(content, { status: 503 });
    await expect(download(remote(), target, quick)).rejects.toThrow('503');
    writeFileSync(
      `${target}.part`,
      content.subarray(0, 5000).map((byte) => 255 - byte),
    );
    writeFileSync(`${target}.part.version`, '"old"');
    server.serve(content, { etag: '"new"' });
    expect(await download(remote(), target, quick)).toBe('fetched');
    expect(server.requests).toEqual(['bytes=5000-']);
    expect(got()).toBe(true);
  });

  it('takes a whole part without asking the server', async () => {
    server.serve(content, { status: 500 });
    await expect(download(remote(), target, quick)).rejects.toThrow('the server answered 500');
    writeFileSync(`${target}.part`, content);
    server.requests.length = 0;
    expect(await download(remote(), target, quick)).toBe('fetched');
    expect(server.requests).toEqual([]);
  });

  it('begins anew when the part is longer than the file', async () => {
    server.serve(content);
    await download(remote(), target, quick);
    rmSync(target);
    writeFileSync(`${target}.part`, Buffer.concat([content, content]));
    expect(await download(remote(), target, quick)).toBe('fetched');
    expect(got()).toBe(true);
  });

  it('with a wrong checksum is removed and named', async () => {
    server.serve(content);
    const wrong = 'ab'.repeat(32);
    await expect(download(remote(wrong), target, quick)).rejects.toThrow(
      `300000 bytes with sha256 ${sha256} arrived; it should be ${wrong}.`,
    );
    expect(existsSync(target) || existsSync(`${target}.part`)).toBe(false);
  });

  it('replaces a file that is there with a wrong checksum, once the right one has arrived', async () => {
    server.serve(content);
    await download(remote(), target, quick);
    writeFileSync(target, 'something else');
    server.serve(content, { status: 404 });
    await expect(download(remote(), target, quick)).rejects.toThrow('404');
    expect(readFileSync(target, 'utf8')).toBe('something else');
    server.serve(content);
    expect(await download(remote(), target, quick)).toBe('fetched');
    expect(got()).toBe(true);
  });

  it('asks a busy server again, but takes no for an answer', async () => {
    server.serve(content, { status: 503, failures: 2 });
    expect(await download(remote(), target, quick)).toBe('fetched');
    expect(server.requests).toHaveLength(3);
    rmSync(target);
    server.serve(content, { status: 404 });
    await expect(download(remote(), target, quick)).rejects.toMatchObject({
      message: expect.stringContaining('the server answered 404 Not Found') as string,
      hint: expect.stringContaining('--mirror') as string,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('keeps what has arrived when the connection hangs or fails for good', async () => {
    server.serve(content, { hangAfter: 70_000 });
    const first = download(remote(), target, {
      ...quick,
      attempts: 1,
      silenceMs: 300,
      onBytes: () => server.serve(content, { hangAfter: 0 }),
    });
    await expect(first).rejects.toMatchObject({
      message: expect.stringMatching(
        /no byte came for 0.3 s.*\d+ bytes that have arrived are kept in/,
      ) as string,
      hint: expect.stringContaining('it goes on where it stopped') as string,
    });
    expect(statSync(`${target}.part`).size).toBeGreaterThan(0);
    await server.close();
    await expect(download(remote(), target, { ...quick, attempts: 1 })).rejects.toThrow(
      /the download failed \(.*ECONNREFUSED/,
    );
    expect(statSync(`${target}.part`).size).toBeGreaterThan(0);
    server = await fileServer();
    server.serve(content);
    expect(await download(remote(), target, quick)).toBe('fetched');
    expect(got()).toBe(true);
  });
});
