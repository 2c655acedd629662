import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bringChartsToLife, keepInside, openFolds } from './client.js';
import { scriptSafe } from './escape.js';
import { expressionCompiler } from './expressions.js';
import type { ChartRoom } from './figures.js';

/** The scripts of a page and the data that they unpack. */
export interface PageScripts {
  readonly scripts: readonly string[];
  readonly laterScripts: readonly string[];
  readonly packed: Readonly<Record<string, string>>;
}

function pack(text: string): string {
  return gzipSync(Buffer.from(text, 'utf8'), { level: 9 }).toString('base64');
}

/** Vega's own minified build; compressed in the page, and unpacked when the first chart comes into view. */
async function vegaBuild(): Promise<string> {
  const schema = createRequire(import.meta.url).resolve('vega/vega-schema.json');
  const text = await readFile(join(dirname(schema), 'vega.min.js'), 'utf8');
  return text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
}

/** What a page with these charts needs; without charts only the folds need a script. */
export async function pageScripts(room: ChartRoom): Promise<PageScripts> {
  const folds = `(${openFolds.toString()})();`;
  if (room.specs.size === 0) return { scripts: [folds], laterScripts: [], packed: {} };
  const charts = [
    `globalThis.careCompiler=${expressionCompiler.toString()};`,
    `globalThis.careLinks=${keepInside.toString()};`,
    `(${bringChartsToLife.toString()})();`,
  ].join('\n');
  const expressions = scriptSafe(room.expressions.source());
  const runtime = `${await vegaBuild()}\nglobalThis.careExpressions=${expressions};\n`;
  return {
    scripts: [folds, charts],
    laterScripts: [runtime],
    packed: { runtime: pack(runtime), charts: pack(JSON.stringify(Object.fromEntries(room.specs))) },
  };
}
