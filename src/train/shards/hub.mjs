/**
 * Worker thread that starts the other processes of a divided step and passes messages on, while the thread that trains
 * computes or waits. Plain JavaScript, because Node starts it by its path both from the sources (in tests) and from the
 * build; `processes.ts` is its other end and holds the types.
 *
 * In:  { to, request }
 * Out: { kind: 'started', shard, pid }, { kind: 'done', shard }, or { kind: 'ended', shard, code, signal, said }; each adds
 *      one to the shared counter.
 */
import { fork } from 'node:child_process';
import { workerData } from 'node:worker_threads';

/** Characters of what a process wrote to stderr that are kept. */
const SAID = 4000;

const { port, counter, entry, shards } = workerData;

function tell(message) {
  port.postMessage(message);
  Atomics.add(counter, 0, 1);
  Atomics.notify(counter, 0);
}

/** Starts a process; the answer to what cannot be started is that it ended. */
function start({ env, files }, shard) {
  try {
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc', ...files];
    return fork(entry, [], { env, execArgv: [], stdio });
  } catch (error) {
    tell({ kind: 'ended', shard, code: null, signal: null, said: error.message });
    return null;
  }
}

function watch(child, shard) {
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-SAID)));
  child.on('spawn', () => tell({ kind: 'started', shard, pid: child.pid }));
  child.on('message', () => tell({ kind: 'done', shard }));
  child.on('error', (error) => (said += error.message));
  // After `exit`, and after all that it wrote.
  child.on('close', (code, signal) => tell({ kind: 'ended', shard, code, signal, said }));
}

const children = shards.map(start);
children.forEach((child, shard) => {
  if (child !== null) watch(child, shard);
});

port.on('message', ({ to, request }) => {
  // A process that is gone takes no message; that it ended is told above.
  children[to]?.send(request, () => undefined);
});
// The other end is done. This thread ends when it has seen its processes end, so that none is left as a zombie.
port.on('close', () => {
  for (const child of children) child?.kill('SIGKILL');
});
