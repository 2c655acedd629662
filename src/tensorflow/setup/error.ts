/** Something that the set-up needs is missing or in the way: the message says what and where, the hint what to do. */
export class SetupError extends Error {
  override readonly name = 'SetupError';

  constructor(
    message: string,
    /** What the reader can do about it. */
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const CACHE_HINT =
  'Set CARE_CACHE_DIR to a folder with enough room that you may write to (the library is kept there), and run `npm run care -- setup` again.';

/** Explains a file system error of the set-up (disk full, read-only, not permitted, a file in the way); passes other errors through. */
export function explainFileError(error: unknown, path: string, hint = CACHE_HINT): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const where =
    error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : path;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SetupError(`The disk is full: ${where} could not be written.`, hint, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const why = code === 'EROFS' ? 'its file system is read-only' : 'you may not write there';
    return new SetupError(`${where} could not be written: ${why}.`, hint, { cause: error });
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new SetupError(`${where} is in the way: a file stands where a folder is needed.`, hint, {
      cause: error,
    });
  }
  // Folders are made from the top, so nothing is missing above: this file system takes none, as /proc does not.
  if (code === 'ENOENT' && error instanceof Error && 'syscall' in error && error.syscall === 'mkdir') {
    return new SetupError(`${where} cannot be made: no folder can be made there.`, hint, { cause: error });
  }
  return error;
}
