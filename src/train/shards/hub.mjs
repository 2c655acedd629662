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

const children = shards.map(({ env, files }, shard) => {
  const child = fork(entry, [], {
    env,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', ...files],
  });
  let said = '';
  let problem = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-SAID)));
  child.on('spawn', () => tell({ kind: 'started', shard, pid: child.pid }));
  child.on('message', () => tell({ kind: 'done', shard }));
  child.on('error', (error) => (problem = error.message));
  // After `exit`, and after all that it wrote.
  child.on('close', (code, signal) => tell({ kind: 'ended', shard, code, signal, said: said + problem }));
  return child;
});

port.on('message', ({ to, request }) => {
  // A process that is gone takes no message; that it ended is told above.
  children[to].send(request, () => undefined);
});
