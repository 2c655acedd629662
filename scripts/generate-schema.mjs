/**
 * Writes src/runs/record.schema.json from the types in src/runs/record.ts. With --check it only compares, and fails
 * when the committed file is not what the types say.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'src/runs/record.schema.json');

const schema = createGenerator({
  path: join(root, 'src/runs/record.ts'),
  tsconfig: join(root, 'tsconfig.json'),
  type: 'RunRecord',
  sortProps: true,
  additionalProperties: false,
  // The types are checked by the build; the generator only reads them.
  skipTypeCheck: true,
}).createSchema('RunRecord');
const text = `${JSON.stringify(schema, null, 2)}\n`;

if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  console.error('src/runs/record.schema.json is out of date: run node scripts/generate-schema.mjs');
  process.exit(1);
}
