/** Where the kernel's parts lie: tslab, and the preload beside this file. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Path of the preload, which `src/` and the built package hold at the same place. */
export function preloadFile(): string {
  const path = fileURLToPath(new URL('./preload.cjs', import.meta.url));
  if (!existsSync(path))
    throw new Error(`the kernel's preload is missing: ${path}. Build the package: npm run build`);
  return path;
}

/** Path of tslab's command. */
export function tslabFile(): string {
  try {
    return createRequire(import.meta.url).resolve('tslab/bin/tslab');
  } catch (error) {
    throw new Error('tslab, the TypeScript kernel, is not installed. Install the dependencies: npm ci', {
      cause: error,
    });
  }
}

/** Arguments of `node` that start the kernel. */
export function kernelArguments(connectionFile: string): string[] {
  return ['--require', preloadFile(), tslabFile(), 'kernel', '--config-path', connectionFile];
}

/** Whether cells can import `care`: the kernel starts without the built package, but the import would fail. */
export function isPackageBuilt(): boolean {
  return ['js', 'd.ts'].every((end) => existsSync(new URL(`../../dist/index.${end}`, import.meta.url)));
}
