/** The other end of a side: a process that answers lines on its standard input. */
import { createInterface } from 'node:readline';

/** What a line other than a number is answered with. */
export type Answers = Readonly<Record<string, () => readonly number[]>>;

const ALWAYS: Answers = {
  /** Peak resident memory in bytes; Node gives it in kilobytes. */
  memory: () => [process.resourceUsage().maxRSS * 1024],
};

/**
 * Says that this process is ready, then answers a line `N` with the seconds of N steps and a line `memory` with the peak
 * resident memory in bytes.
 *
 * @param step - runs one step and gives its seconds.
 */
export function answerLines(step: () => number | Promise<number>, more: Answers = {}): void {
  const answers = { ...ALWAYS, ...more };
  const answer = async (line: string): Promise<readonly number[]> => {
    const known = answers[line];
    if (known !== undefined) return known();
    const times: number[] = [];
    for (let i = 0; i < Number(line); i++) times.push(await step());
    return times;
  };
  process.stdout.write('ready\n');
  createInterface({ input: process.stdin }).on('line', (line) => {
    answer(line).then(
      (numbers) => process.stdout.write(`${JSON.stringify(numbers)}\n`),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
