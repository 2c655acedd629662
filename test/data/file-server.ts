/** A server on this machine that behaves as badly as it is told to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Behaviour {
  /** Whether Range is honoured; default true. */
  readonly ranges?: boolean;
  /** The connection is dropped after so many bytes of each answer. */
  readonly dropAfter?: number;
  /** The connection hangs after so many bytes of each answer. */
  readonly hangAfter?: number;
  /** Status instead of an answer, for the first so many requests. */
  readonly status?: number;
  readonly failures?: number;
  readonly etag?: string;
}

export interface FileServer {
  readonly address: string;
  /** Range header of each request so far, or `all`. */
  readonly requests: string[];
  /** Changes file and behaviour. */
  readonly serve: (content: Uint8Array, behaviour?: Behaviour) => void;
  readonly close: () => Promise<void>;
}

/** Serves one file under every path. */
export async function fileServer(): Promise<FileServer> {
  const requests: string[] = [];
  let content: Uint8Array = new Uint8Array();
  let behaviour: Behaviour = {};
  let failed = 0;
  const server = createServer((request, response) => {
    requests.push(request.headers.range ?? 'all');
    if (behaviour.status !== undefined && failed < (behaviour.failures ?? Infinity)) {
      failed += 1;
      response.writeHead(behaviour.status).end();
    } else answer(request, response, content, behaviour);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    serve: (next, how = {}) => {
      content = next;
      behaviour = how;
      failed = 0;
      requests.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  content: Uint8Array,
  { ranges = true, dropAfter, hangAfter, etag = '"one"' }: Behaviour,
): void {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const condition = request.headers['if-range'];
  const isPart = ranges && from !== undefined && (condition === undefined || condition === etag);
  const start = isPart ? Number(from) : 0;
  if (start >= content.length && isPart) {
    response.writeHead(416).end();
    return;
  }
  const rest = content.subarray(start);
  response.writeHead(isPart ? 206 : 200, {
    'content-length': rest.length,
    etag,
    ...(isPart ? { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` } : {}),
  });
  const stop = dropAfter ?? hangAfter ?? rest.length;
  if (stop >= rest.length) {
    response.end(rest);
    return;
  }
  response.write(rest.subarray(0, stop), () => {
    if (dropAfter !== undefined) setTimeout(() => response.destroy(), 20);
  });
}
