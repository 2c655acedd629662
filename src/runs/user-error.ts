// Defined one room further down, because checkpoint files raise it too; this is where everyone else finds it.
export { UserError } from '../train/user-error.js';

/**
 * What to print for an error: its message, and its hint where it carries one.
 *
 * Rooms below `train` cannot import `UserError`; any error of theirs with a text `hint` is treated alike.
 */
export function explainError(error: unknown): { readonly message: string; readonly hint: string | null } {
  if (!(error instanceof Error)) return { message: String(error), hint: null };
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : null;
  return { message: error.message, hint };
}
