/** `care kernel`: gives Jupyter the kernel that notebooks of this package run in. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { isPackageBuilt } from '../notebook/kernel-files.js';
import { checkKernel } from '../notebook/check-kernel.js';
import { installedKernels, installKernel, uninstallKernel } from '../notebook/kernel-spec.js';

const NOT_BUILT = "the package is not built, so cells cannot import 'care'. Build it: npm run build";

interface TargetOptions {
  readonly user?: true;
  readonly prefix?: string;
  readonly name: string;
}

/** Adds `care kernel install|list|uninstall|doctor`. */
export function registerKernel(program: Command): void {
  const kernel = program
    .command('kernel')
    .description("install the notebooks' TypeScript kernel for Jupyter");

  addTarget(kernel.command('install').description('write the kernel specification (no Python needed)'))
    .option('--display-name <text>', 'name shown in Jupyter', 'CARE (TypeScript)')
    .action((options: TargetOptions & { readonly displayName: string }) => {
      const folder = installKernel(targetOf(options), options.displayName, packageVersion());
      console.log(`Kernel "${options.name}" installed in ${folder}`);
      console.log('Check it with: care kernel doctor');
      if (options.prefix !== undefined)
        console.log(`List or remove it with the same prefix: care kernel list --prefix ${options.prefix}`);
      if (!isPackageBuilt()) console.error(`Warning: ${NOT_BUILT}`);
    });

  kernel
    .command('list')
    .description('list the kernels installed by this package')
    .option('--prefix <dir>', 'look in DIR/share/jupyter')
    .action(({ prefix }: { readonly prefix?: string }) => {
      const kernels = installedKernels(prefix && resolve(prefix));
      if (kernels.length === 0)
        console.log('No kernel installed. Install it with: care kernel install --user');
      for (const { name, folder, spec, missing } of kernels) {
        const state = missing.length === 0 ? '' : `  BROKEN: ${missing.join(', ')} is gone; install it again`;
        console.log(`${name}  ${spec.display_name}  ${folder}${state}`);
      }
    });

  addTarget(kernel.command('uninstall').description('remove the kernel specification')).action(
    (options: TargetOptions) => {
      console.log(`Removed ${uninstallKernel(targetOf(options))}`);
    },
  );

  kernel
    .command('doctor')
    .description('start the kernel, run a cell in it, and check what is installed')
    .action(async () => {
      const broken = installedKernels().filter(({ missing }) => missing.length > 0);
      for (const { name, missing } of broken)
        console.error(`kernel "${name}": ${missing.join(', ')} is gone`);
      const { seconds, typescript, node } = await checkKernel();
      console.log(
        `The kernel ran a cell in ${seconds.toFixed(1)} s (Node ${node}, TypeScript ${typescript} in cells).`,
      );
      if (broken.length > 0)
        throw new Error('an installed kernel is broken: run `care kernel install` again');
    });
}

function addTarget(command: Command): Command {
  return command
    .option('--user', "the user's own Jupyter folder (the default)")
    .option('--prefix <dir>', 'DIR/share/jupyter, e.g. a Python virtual environment')
    .option('--name <name>', 'name of the kernel', checkedName, 'care');
}

function checkedName(name: string): string {
  if (/^[a-z0-9._-]+$/i.test(name)) return name;
  throw new InvalidArgumentError('Jupyter takes letters, digits, ".", "_" and "-".');
}

function targetOf({ user, prefix, name }: TargetOptions) {
  if (user && prefix !== undefined)
    throw new Error('--user and --prefix exclude each other: give one of them');
  return { name, ...(prefix === undefined ? {} : { prefix: resolve(prefix) }) };
}

function packageVersion(): string {
  const description = createRequire(import.meta.url)('../../package.json') as { readonly version: string };
  return description.version;
}
