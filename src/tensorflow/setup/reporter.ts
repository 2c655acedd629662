/** How the set-up tells what it does; the command line gives it bars or lines, a test keeps the lines. */
export interface Reporter {
  /** One line for the reader. */
  note(line: string): void;
  /** Begins a lengthy piece of work; `totalBytes` is null where it is not known. */
  begin(title: string, totalBytes: number | null): Work;
}

/** A piece of work under way. */
export interface Work {
  /** How many bytes are done so far. */
  update(bytes: number): void;
  /** It ended, well or not. */
  end(): void;
}

/** Says nothing. */
export const silentReporter: Reporter = {
  note: () => undefined,
  begin: () => ({ update: () => undefined, end: () => undefined }),
};
