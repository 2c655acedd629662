/**
 * An error that the person at the keyboard can do something about: `message` says what is wrong and where, `hint`
 * what to do. The command line prints the two without a stack.
 */
export class UserError extends Error {
  /** What to do about it, as a sentence. */
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UserError';
    this.hint = hint;
  }
}
