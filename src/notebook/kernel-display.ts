/** The way from a cell to its outputs: through the kernel's preload, plain tslab, or lines on the terminal. */
import { randomUUID } from 'node:crypto';

/** One output in several forms by mime type; Jupyter shows the richest one that it knows. */
export type MimeBundle = Readonly<Record<string, unknown>>;

type Publish = (content: Readonly<Record<string, unknown>>, update: boolean) => void;

/** Set by the preload (`preload-errors.cjs`). */
const DISPLAY = Symbol.for('care.notebook.display');

/** What tslab leaves on the global object for the code of cells. */
interface Tslab {
  readonly require: (name: 'tslab') => { readonly display: { raw(mime: string, data: string): void } };
}

/** Whether this process is a notebook kernel. */
export function inKernel(): boolean {
  return kernelPublish() !== null || plainTslab() !== null;
}

/**
 * Shows a bundle below the running cell. Outside a kernel its plain text is printed, so that code written for a
 * notebook also runs as a script.
 */
export function displayBundle(bundle: MimeBundle): void {
  const publish = kernelPublish();
  if (publish) publish(content(bundle), false);
  else displayPlainly(bundle);
}

/** A display that is shown once and then changed in place. */
export interface UpdatableDisplay {
  update(bundle: MimeBundle): void;
}

/** Null outside our kernel: there, nothing can be changed in place. */
export function createUpdatableDisplay(): UpdatableDisplay | null {
  const publish = kernelPublish();
  if (!publish) return null;
  const id = randomUUID();
  let shown = false;
  return {
    update(bundle) {
      publish(content(bundle, id), shown);
      shown = true;
    },
  };
}

function content(data: MimeBundle, id?: string): Readonly<Record<string, unknown>> {
  return { data, metadata: {}, transient: id === undefined ? {} : { display_id: id } };
}

function kernelPublish(): Publish | null {
  const value: unknown = Reflect.get(globalThis, DISPLAY);
  return typeof value === 'function' ? (value as Publish) : null;
}

function plainTslab(): Tslab | null {
  const value: unknown = Reflect.get(globalThis, '__tslab__');
  return typeof value === 'object' && value !== null && 'require' in value ? (value as Tslab) : null;
}

/** tslab without our preload sends one mime type at a time. */
function displayPlainly(bundle: MimeBundle): void {
  const text = bundle['text/plain'];
  const plain = typeof text === 'string' ? text : '';
  const tslab = plainTslab();
  if (!tslab) {
    console.log(plain);
    return;
  }
  const html = bundle['text/html'];
  const { display } = tslab.require('tslab');
  if (typeof html === 'string') display.raw('text/html', html);
  else display.raw('text/plain', plain);
}
