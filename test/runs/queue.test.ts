import { describe, expect, it } from 'vitest';
import { runQueue, type QueueEvent } from '../../src/runs/queue.js';

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

describe('runQueue', () => {
  it('keeps so many jobs going, and gives outcomes in the order of the jobs', async () => {
    let [going, most] = [0, 0];
    const outcomes = await runQueue({
      jobs: [30, 5, 20, 1, 10],
      parallel: 2,
      retries: 0,
      run: async (milliseconds) => {
        most = Math.max(most, ++going);
        await pause(milliseconds);
        going--;
        return milliseconds * 2;
      },
    });
    expect(most).toBe(2);
    expect(outcomes.map((outcome) => (outcome.state === 'done' ? outcome.result : null))).toEqual([
      60, 10, 40, 2, 20,
    ]);
  });

  it('tries a job again, and goes on with the others when it fails for good', async () => {
    const events: QueueEvent<string>[] = [];
    const outcomes = await runQueue({
      jobs: ['good', 'second time', 'bad'],
      parallel: 1,
      retries: 1,
      run: (job, attempt) =>
        job === 'bad' || (job === 'second time' && attempt === 1)
          ? Promise.reject(new Error(`${job} ${attempt}`))
          : Promise.resolve(job),
      onEvent: (event) => events.push(event),
    });
    expect(outcomes).toEqual([
      { state: 'done', result: 'good', attempts: 1 },
      { state: 'done', result: 'second time', attempts: 2 },
      { state: 'failed', error: new Error('bad 2'), attempts: 2 },
    ]);
    expect(events.filter(({ type }) => type === 'retried')).toHaveLength(2);
    expect(events.filter(({ type }) => type === 'ended')).toHaveLength(3);
  });

  it('does not try again what trying does not change', async () => {
    let attempts = 0;
    const [outcome] = await runQueue({
      jobs: [0],
      parallel: 1,
      retries: 5,
      run: () => {
        attempts++;
        return Promise.reject(new TypeError('wrong setting'));
      },
      isFinal: (error) => error instanceof TypeError,
    });
    expect([attempts, outcome?.state]).toEqual([1, 'failed']);
  });

  it('begins nothing more after the signal; what was interrupted counts as stopped', async () => {
    const controller = new AbortController();
    const begun: number[] = [];
    const outcomes = await runQueue({
      jobs: [0, 1, 2, 3],
      parallel: 2,
      retries: 3,
      signal: controller.signal,
      run: async (job, _, signal) => {
        begun.push(job);
        if (job === 1) controller.abort();
        await pause(5);
        if (signal?.aborted === true && job === 0) throw new Error('interrupted');
        return job;
      },
    });
    expect(begun).toEqual([0, 1]);
    expect(outcomes.map(({ state }) => state)).toEqual(['stopped', 'done', 'stopped', 'stopped']);
  });

  it('has nothing to do without jobs', async () => {
    expect(await runQueue({ jobs: [], parallel: 3, retries: 0, run: () => Promise.resolve(1) })).toEqual([]);
  });
});
