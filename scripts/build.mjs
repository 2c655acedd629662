/**
 * Compiles src/ to dist/ (and bench/ to dist/bench/), and writes a stamp by which `run-care.mjs` sees whether a
 * build is current. TypeScript is called by its path: node_modules/.bin/tsc may be the patched copy that tslab brings.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync, writeFileSync, readdirSync, chmodSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(root, 'node_modules/typescript/bin/tsc');

function compile(project) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, project)], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** Copies what tsc leaves behind: JSON schemas, the kernel preload, style sheets, page scripts. */
function copyAssets(from, to) {
  for (const entry of readdirSync(from, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || /\.tsx?$/.test(entry.name)) continue;
    const source = join(entry.parentPath ?? entry.path, entry.name);
    cpSync(source, join(to, relative(from, source)));
  }
}

const dist = join(root, 'dist');
rmSync(join(dist, '.stamp'), { force: true });
compile('tsconfig.build.json');
copyAssets(join(root, 'src'), dist);
if (readdirSync(join(root, 'bench')).some((name) => name.endsWith('.ts'))) compile('tsconfig.bench.json');
const main = join(dist, 'cli/main.js');
if (existsSync(main)) chmodSync(main, 0o755);
writeFileSync(join(dist, '.stamp'), new Date().toISOString());
