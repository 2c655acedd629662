/** How much memory this process may still take. */
import { freemem, totalmem } from 'node:os';

/** Bytes to count with in place of what the machine says, for where that is wrong. */
const OVERRIDE = 'CARE_MEMORY_BYTES';

/**
 * Bytes of memory that are available: what the system could give without swapping (Linux' MemAvailable), and no more than
 * the control group's limit leaves beside this process. The environment variable `CARE_MEMORY_BYTES` goes over both.
 */
export function availableMemory(): number {
  const given = Number(process.env[OVERRIDE]);
  if (given > 0) return given;
  const limit = process.constrainedMemory();
  const isLimited = limit > 0 && limit < totalmem();
  return isLimited ? Math.min(freemem(), Math.max(0, limit - process.memoryUsage.rss())) : freemem();
}
