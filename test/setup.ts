/** What every test file begins with. */
import fc from 'fast-check';

/**
 * Properties draw the same examples in every run, so that a failure is that of a change. Others are tried by
 * `FAST_CHECK_SEED=1234 npm test`.
 */
fc.configureGlobal({ seed: Number(process.env['FAST_CHECK_SEED'] ?? 20240501) });
