/** The kernel as a child process and its five sockets: start, messages, interrupt, stop. Knows nothing of cells. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelArguments } from './kernel-files.js';

/** A message of Jupyter's protocol, without its signature. */
export interface KernelMessage {
  readonly type: string;
  /** Id of the request that this message belongs to. */
  readonly parent: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** A running kernel. */
export interface Kernel {
  /** Sends a request on the shell channel. Its answers carry `id` as their parent. */
  request(type: string, content: Readonly<Record<string, unknown>>, id: string): Promise<void>;
  /** Called for every message of the shell and iopub channels, in the order of each channel. */
  onMessage(listener: (channel: 'shell' | 'iopub', message: KernelMessage) => void): void;
  /** Resolves when the process ends, with what it says of itself and the end of its stderr. */
  readonly died: Promise<string>;
  /** SIGINT: stops a waiting cell, or a synchronous loop. */
  interrupt(): void;
  /** SIGKILL. */
  kill(): void;
  /** Orderly shutdown; a kernel that does not end in time is killed. Safe to call twice. */
  stop(): Promise<void>;
}

export interface KernelOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds until the kernel has to answer. Default 60. */
  readonly startSeconds?: number;
  readonly signal?: AbortSignal;
}

const STDERR_TAIL = 4_000;
const STOP_MILLISECONDS = 5_000;
const START_ATTEMPTS = 3;

/**
 * Starts the tslab kernel with our preload and waits until all its channels answer.
 *
 * @throws Error with the kernel's stderr when it ends or stays silent.
 */
export async function startKernel(options: KernelOptions): Promise<Kernel> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      // Ports are free when we ask, but another program can take one before the kernel does.
      const taken = error instanceof Error && /EADDRINUSE|Address already in use/i.test(error.message);
      if (!taken || attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startOnce(options: KernelOptions): Promise<Kernel> {
  const folder = mkdtempSync(join(tmpdir(), 'care-kernel-'));
  const connection = await createConnection();
  const file = join(folder, 'connection.json');
  // The key in this file lets its reader run code as us.
  writeFileSync(file, JSON.stringify(connection), { mode: 0o600 });
  const { child, died, stderr } = spawnKernel(file, options);
  try {
    const channels = await openChannels(connection);
    const kernel = createKernel(child, died, channels, folder);
    try {
      await waitUntilReady(kernel, stderr, options);
    } catch (error) {
      kernel.kill();
      await kernel.stop();
      throw error;
    }
    return kernel;
  } catch (error) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Connection {
  readonly ip: string;
  readonly transport: string;
  readonly key: string;
  readonly signature_scheme: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly control_port: number;
  readonly stdin_port: number;
  readonly hb_port: number;
}

async function createConnection(): Promise<Connection> {
  const [shell_port = 0, iopub_port = 0, control_port = 0, stdin_port = 0, hb_port = 0] = await freePorts(5);
  return {
    ip: '127.0.0.1',
    transport: 'tcp',
    key: randomBytes(32).toString('hex'),
    signature_scheme: 'hmac-sha256',
    shell_port,
    iopub_port,
    control_port,
    stdin_port,
    hb_port,
  };
}

/** All servers are opened before the first is closed: otherwise the system hands out the same port again. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function spawnKernel(connectionFile: string, options: KernelOptions) {
  const child = spawn(process.execPath, kernelArguments(connectionFile), {
    cwd: options.cwd,
    env: { ...process.env, JPY_PARENT_PID: String(process.pid), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a group of its own, Ctrl-C in the terminal reaches us alone and we decide what it means for the kernel.
    detached: true,
  });
  let tail = '';
  const keep = (chunk: Buffer): void => {
    tail = (tail + chunk.toString('utf8')).slice(-STDERR_TAIL);
  };
  child.stderr.on('data', keep);
  // Native libraries write here, below the kernel's own output; it is read so that the pipe never fills.
  child.stdout.on('data', keep);
  const died = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(`the kernel could not be started: ${error.message}`);
    });
    child.once('close', (code, signal) => {
      const how = signal
        ? `was ended by ${signal}${signal === 'SIGKILL' ? ' (out of memory?)' : ''}`
        : `ended with exit code ${String(code)}`;
      resolve(`the kernel process ${how}${tail.trim() === '' ? '' : `; its last words:\n${tail.trim()}`}`);
    });
  });
  return { child, died, stderr: () => tail.trim() };
}

async function openChannels(connection: Connection) {
  // Loaded when a kernel is really started: the native module is of no use to anything else in the package.
  const { Dealer, Subscriber } = await import('zeromq');
  const address = (port: number): string => `${connection.transport}://${connection.ip}:${port}`;
  const identity = randomUUID();
  const shell = new Dealer({ routingId: identity, linger: 0 });
  const control = new Dealer({ routingId: identity, linger: 0 });
  // Without a limit here the messages of a burst would be dropped on our side.
  const iopub = new Subscriber({ receiveHighWaterMark: 0, linger: 0 });
  shell.connect(address(connection.shell_port));
  control.connect(address(connection.control_port));
  iopub.connect(address(connection.iopub_port));
  iopub.subscribe();
  return { shell, control, iopub, key: connection.key, session: randomUUID() };
}

type Channels = Awaited<ReturnType<typeof openChannels>>;

function createKernel(
  child: ChildProcess,
  died: Promise<string>,
  channels: Channels,
  folder: string,
): Kernel {
  const listeners: ((channel: 'shell' | 'iopub', message: KernelMessage) => void)[] = [];
  let ended = false;
  void died.then(() => (ended = true));
  void readChannel(channels, 'shell', listeners);
  void readChannel(channels, 'iopub', listeners);
  let stopping: Promise<void> | undefined;

  async function shutDown(): Promise<void> {
    if (!ended) await send(channels, channels.control, 'shutdown_request', { restart: false });
    await Promise.race([died, sleep(STOP_MILLISECONDS, undefined, { ref: false })]);
    if (!ended) child.kill('SIGKILL');
    await died;
    for (const socket of [channels.shell, channels.control, channels.iopub]) socket.close();
    rmSync(folder, { recursive: true, force: true });
  }

  return {
    request: (type, content, id) => send(channels, channels.shell, type, content, id),
    onMessage: (listener) => void listeners.push(listener),
    died,
    interrupt: () => void child.kill('SIGINT'),
    kill: () => void child.kill('SIGKILL'),
    stop: () => (stopping ??= shutDown()),
  };
}

async function readChannel(
  channels: Channels,
  name: 'shell' | 'iopub',
  listeners: readonly ((channel: 'shell' | 'iopub', message: KernelMessage) => void)[],
): Promise<void> {
  for await (const frames of channels[name]) {
    const message = decode(channels.key, frames);
    if (message) for (const listener of listeners) listener(name, message);
  }
}

async function send(
  channels: Channels,
  socket: Channels['shell'],
  type: string,
  content: Readonly<Record<string, unknown>>,
  id: string = randomUUID(),
): Promise<void> {
  const header = {
    msg_id: id,
    msg_type: type,
    session: channels.session,
    username: 'care',
    date: new Date().toISOString(),
    version: '5.3',
  };
  const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
  await socket.send(['<IDS|MSG>', sign(channels.key, parts), ...parts]);
}

function sign(key: string, parts: readonly (string | Buffer)[]): string {
  const hash = createHmac('sha256', key);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Null for a message that is not ours to believe: a wrong signature, or no message of the protocol. */
function decode(key: string, frames: readonly Buffer[]): KernelMessage | null {
  const delimiter = frames.findIndex((frame) => frame.toString() === '<IDS|MSG>');
  const [signature, ...parts] = frames.slice(delimiter + 1);
  if (delimiter < 0 || parts.length < 4 || signature?.toString() !== sign(key, parts.slice(0, 4)))
    return null;
  const [header, parent, , content] = parts.map((part) => JSON.parse(part.toString('utf8')) as unknown);
  return {
    type: textField(header, 'msg_type'),
    parent: textField(parent, 'msg_id'),
    content: isObject(content) ? content : {},
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textField(value: unknown, name: string): string {
  const field = isObject(value) ? value[name] : undefined;
  return typeof field === 'string' ? field : '';
}

/** The kernel binds its sockets in no order, so the question is repeated until both channels have answered. */
async function waitUntilReady(kernel: Kernel, stderr: () => string, options: KernelOptions): Promise<void> {
  const limit = (options.startSeconds ?? 60) * 1000;
  const started = Date.now();
  const silent = new Set(['shell', 'iopub']);
  kernel.onMessage((channel) => void silent.delete(channel));
  let death: string | undefined;
  void kernel.died.then((why) => (death = why));
  while (silent.size > 0) {
    if (death !== undefined) throw new Error(death);
    if (/EADDRINUSE|Address already in use/i.test(stderr()))
      throw new Error(`the kernel got no port: ${stderr()}`);
    options.signal?.throwIfAborted();
    if (Date.now() - started > limit)
      throw new Error(`the kernel did not answer within ${limit / 1000} seconds. ${stderr()}`.trim());
    await kernel.request('kernel_info_request', {}, randomUUID());
    await sleep(100);
  }
}
