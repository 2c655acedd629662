/**
 * The other processes of a divided step, as the thread that trains sees them: it asks all, computes its own part, and waits
 * until all have answered. That thread is blocked in between, so a worker thread (`hub.mjs`) passes the messages on.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { UserError } from '../user-error.js';
import type { ShardRequest, StartRequest } from './shard-process.js';

export interface ShardProcessOptions {
  /** For each process: what it adds to the environment, its request to start with, and its files of shared memory. */
  readonly shards: readonly {
    readonly env: Readonly<Record<string, string>>;
    readonly start: StartRequest;
    readonly files: readonly number[];
  }[];
  readonly limits?: Partial<WaitLimits>;
}

/** How long an answer may take before a process counts as hung, in seconds. */
export interface WaitLimits {
  /** For the first answers, when programs are compiled. */
  readonly first: number;
  /** Later: `factor` times the median, and never less than `least`. */
  readonly least: number;
  readonly factor: number;
}

const LIMITS: WaitLimits = { first: 1800, least: 60, factor: 20 };
/** Answers of a kind that are timed before the median counts, and that it is taken of. */
const FEWEST = 3;
const TIMED = 50;
/** Seconds after which a wait is looked at. */
const SLICE = 0.5;
/** Lines of a process's last words that are shown. */
const LINES = 12;

export interface ShardProcesses {
  /** Sends every process a request. The answers to the one before must have been waited for. */
  readonly ask: (request: ShardRequest) => void;
  /** @throws UserError when a process has ended, or gives no answer in time. */
  readonly wait: () => void;
  /** Process ids, for tests. */
  readonly pids: () => readonly number[];
  /** Ends all processes. */
  readonly dispose: () => void;
}

interface EndedMessage {
  readonly kind: 'ended';
  readonly shard: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}
type HubMessage =
  | { readonly kind: 'started'; readonly shard: number; readonly pid: number }
  | { readonly kind: 'done'; readonly shard: number }
  | EndedMessage;

const GOES_ON = 'The same command goes on from the last checkpoint';

function lastWords(said: string): string {
  const lines = said.trim().split('\n').slice(-LINES);
  return said.trim() === '' ? ' It said nothing.' : ` Its last words:\n  ${lines.join('\n  ')}`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** Answers that were timed, by the kind of request. */
function stopwatch(limits: WaitLimits) {
  const seconds = new Map<string, number[]>();
  return {
    add: (kind: string, value: number) =>
      seconds.set(kind, [...(seconds.get(kind) ?? []).slice(1 - TIMED), value]),
    limitOf(kind: string): number {
      const known = seconds.get(kind) ?? [];
      return known.length < FEWEST ? limits.first : Math.max(limits.least, limits.factor * median(known));
    },
  };
}

/** Starts a process for each of `shards`; the answers to the request to start are still to be waited for. */
export function startShardProcesses({ shards, limits = {} }: ShardProcessOptions): ShardProcesses {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const { port1: port, port2 } = new MessageChannel();
  const hub = new Worker(new URL('./hub.mjs', import.meta.url), {
    workerData: {
      port: port2,
      counter,
      // A `.ts` file where the sources are run and a `.js` file in a build.
      entry: fileURLToPath(new URL(`./shard-process${extname(import.meta.url)}`, import.meta.url)),
      shards: shards.map(({ env, files }) => ({ env: { ...process.env, ...env }, files })),
    },
    transferList: [port2],
    // Node would apply NODE_OPTIONS, which are meant for processes, to the thread as well.
    env: {},
    execArgv: [],
  });
  hub.unref();
  const pids = new Map<number, number>();
  const times = stopwatch({ ...LIMITS, ...limits });
  let asked = { kind: 'start', at: performance.now() };
  let waitingFor = new Set<number>();
  // The first process, which is this one, is shard 1.
  const nameOf = (shard: number) => `Shard ${shard + 2} of ${shards.length + 1}`;

  const gone: EndedMessage[] = [];
  function drain(): void {
    for (;;) {
      const received = receiveMessageOnPort(port);
      if (received === undefined) return;
      const message = received.message as HubMessage;
      if (message.kind === 'started') pids.set(message.shard, message.pid);
      else if (message.kind === 'done') waitingFor.delete(message.shard);
      else {
        pids.delete(message.shard);
        gone.push(message);
      }
    }
  }
  function refuseGone(): void {
    const [first] = gone;
    if (first === undefined) return;
    const { shard, code, signal, said } = first;
    const how = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
    throw new UserError(
      `${nameOf(shard)} ended with ${how} during "${asked.kind}".${lastWords(said)}`,
      signal === 'SIGKILL'
        ? `${GOES_ON}. A process that is killed from outside has often had too little memory: try fewer shards.`
        : `${GOES_ON}, with as many shards as you like.`,
    );
  }
  function send(requestOf: (shard: number) => ShardRequest, kind: string): void {
    asked = { kind, at: performance.now() };
    waitingFor = new Set(shards.keys());
    for (const shard of shards.keys()) port.postMessage({ to: shard, request: requestOf(shard) });
  }
  send((shard) => shards[shard]?.start as StartRequest, 'start');

  return {
    ask: (request) => send(() => request, request.kind),
    wait() {
      const limit = times.limitOf(asked.kind);
      // Counted by the slice: while this process is itself stopped (Ctrl-Z), no time passes.
      let waited = 0;
      for (;;) {
        // Read before the messages, so that one that comes in between is not slept through.
        const seen = Atomics.load(counter, 0);
        drain();
        refuseGone();
        if (waitingFor.size === 0) break;
        if (waited >= limit) {
          const [silent = 0] = waitingFor;
          throw new UserError(
            `${nameOf(silent)} (process ${pids.get(silent) ?? 'not started'}) has given no answer to ` +
              `"${asked.kind}" for ${Math.round(limit)} s.`,
            `${GOES_ON}. See whether something else holds up its cores or its GPU.`,
          );
        }
        const before = performance.now();
        Atomics.wait(counter, 0, seen, 1000 * SLICE);
        waited += Math.min(SLICE, (performance.now() - before) / 1000);
      }
      times.add(asked.kind, (performance.now() - asked.at) / 1000);
    },
    pids() {
      drain();
      return [...pids.values()];
    },
    dispose() {
      drain();
      for (const pid of pids.values()) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has just ended by itself.
        }
      }
      pids.clear();
      port.close();
    },
  };
}
