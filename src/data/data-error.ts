/** Data that cannot be used: `message` says what is wrong and where, `hint` what to do about it. */
export class DataError extends Error {
  override readonly name: string = 'DataError';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
