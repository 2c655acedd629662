/**
 * Lets a notebook that lies anywhere import `care` and what it brings: names that are not found from the notebook's
 * folder are looked for where this package and its dependencies are installed. Inside the project nothing changes.
 */
'use strict';

const { existsSync } = require('node:fs');
const { basename, delimiter, dirname, join } = require('node:path');

const root = dirname(dirname(module.path));

/** Folders that hold packages by name: our own dependencies, and the folder we are installed in ourselves. */
function packageFolders() {
  const parent = dirname(root);
  return [join(root, 'node_modules'), ...(basename(parent) === 'node_modules' ? [parent] : [])].filter(
    (folder) => existsSync(folder),
  );
}

function isInside(folder, Module) {
  try {
    Module.createRequire(join(folder, 'cell.js')).resolve('care/package.json');
    return true;
  } catch {
    return false;
  }
}

/** NODE_PATH is Node's own fallback for names that are found nowhere else; it is read again by `_initPaths`. */
function findPackagesOfProject(Module) {
  if (isInside(process.cwd(), Module)) return;
  process.env.NODE_PATH = [process.env.NODE_PATH, ...packageFolders()].filter(Boolean).join(delimiter);
  Module._initPaths();
}

/** The same for the compiler: `paths` that are tried before the ordinary search. */
function compilerPaths(Module, folder = process.cwd()) {
  if (isInside(folder, Module)) return {};
  const targets = packageFolders().flatMap((home) => [join(home, '*'), join(home, '@types', '*')]);
  return { paths: { '*': targets } };
}

module.exports = { compilerPaths, findPackagesOfProject };
