import { createHash } from 'node:crypto';

import type { DataProvenance } from '../runs/record.js';
import type { PointCloudSet, SourceFile } from './point-clouds.js';

/** sha256, hexadecimal, of a text in UTF-8. */
export function sha256Text(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * One hash for a set of files: sha256 over the lines `name TAB bytes TAB sha256 LF`, sorted by name, so that it does
 * not depend on the order of reading.
 */
export function filesSha256(files: readonly SourceFile[]): string {
  const lines = files.map((file) => `${file.name}\t${file.bytes}\t${file.sha256}\n`);
  return sha256Text(lines.sort().join(''));
}

/** Where a set of point clouds came from, for a run's record. */
export function dataProvenance(set: PointCloudSet): DataProvenance {
  return {
    name: set.name,
    generated: set.generated,
    sha256: set.sha256,
    files: set.files.length,
    items: set.names.length,
  };
}
