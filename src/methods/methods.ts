/** All methods of pretraining by name: a method is one file, and one line here. */
import { ablation } from './ablation.js';
import { barlowTwins } from './barlow-twins.js';
import { byol } from './byol.js';
import { withCare, type CareSettings } from './care.js';
import { equimod } from './equimod.js';
import { essl } from './e-ssl.js';
import type { Method, MethodModel } from './method.js';
import { mocoV2 } from './moco-v2.js';
import { simclr } from './simclr.js';

/** Settings of all methods; each takes its own. */
export interface MethodSettings {
  /** Images of a step. */
  readonly batch: number;
  /** Numbers by which an augmentation is described. */
  readonly parameters: number;
  readonly temperature: number;
  readonly negativeGroups: number;
  /** CARE's term, where it is added. */
  readonly care: CareSettings;
  readonly moco: { readonly momentum: number; readonly queue: number; readonly shuffleGroups: number };
  readonly byol: { readonly momentum: number; readonly hidden: number };
  readonly barlow: { readonly offDiagonal: number };
  readonly equimod: { readonly weight: number; readonly temperature: number; readonly hidden: number };
  readonly essl: { readonly weight: number; readonly hidden: number };
}

type MakeMethod = (model: MethodModel, settings: MethodSettings) => Method;

const equimodOf = ({ equimod: own, parameters }: MethodSettings) => ({ ...own, parameters });

/** Every method without CARE's term. */
const BASES = {
  simclr: (_model, settings) => simclr(settings),
  'moco-v2': (model, { batch, temperature, moco }) => mocoV2(model, { batch, temperature, ...moco }),
  byol: (model, settings) => byol(model, settings.byol),
  'barlow-twins': (_model, { barlow }) => barlowTwins(barlow),
  equimod: (model, settings) => equimod(model, simclr(settings), equimodOf(settings)),
  'equimod-byol': (model, settings) => equimod(model, byol(model, settings.byol), equimodOf(settings)),
  'e-ssl': (model, { essl: own, temperature, negativeGroups }) =>
    essl(model, { ...own, temperature, negativeGroups }),
  'l-inv': (_model, settings) => ablation(['alignment'], settings),
  'l-unif': (_model, settings) => ablation(['uniformity'], settings),
  'l-inv+l-unif': (_model, settings) => ablation(['alignment', 'uniformity'], settings),
  nothing: (_model, settings) => ablation([], settings),
} as const satisfies Readonly<Record<string, MakeMethod>>;

export type BaseName = keyof typeof BASES;

interface Named {
  readonly base: BaseName;
  /** Whether L_equi is added. */
  readonly care: boolean;
  /** Where it is not the base's, or `CARE (...)` as in the paper's Table 1. */
  readonly label?: string;
}

const named = (base: BaseName, care: boolean, label?: string): Named => ({
  base,
  care,
  ...(label === undefined ? {} : { label }),
});
const plain = (base: BaseName, label?: string): Named => named(base, false, label);
const caring = (base: BaseName, label?: string): Named => named(base, true, label);

/** The methods by the names under which they are trained. */
const NAMED = {
  care: caring('simclr', 'CARE'),
  simclr: plain('simclr'),
  'moco-v2': plain('moco-v2'),
  'moco-v2+care': caring('moco-v2'),
  byol: plain('byol'),
  'byol+care': caring('byol'),
  'barlow-twins': plain('barlow-twins'),
  'barlow-twins+care': caring('barlow-twins'),
  equimod: plain('equimod', 'EquiMod'),
  'equimod+care': caring('equimod', 'CARE (EquiMod)'),
  'equimod-byol': plain('equimod-byol'),
  'equimod-byol+care': caring('equimod-byol', 'CARE (EquiMod on BYOL)'),
  'e-ssl': plain('e-ssl'),
  'e-ssl+care': caring('e-ssl'),
  'l-inv': plain('l-inv'),
  'l-unif': plain('l-unif'),
  'l-equi': caring('nothing', 'L_equi'),
  'l-inv+l-unif': plain('l-inv+l-unif'),
  'l-inv+l-equi': caring('l-inv', 'L_inv + L_equi'),
  'l-unif+l-equi': caring('l-unif', 'L_unif + L_equi'),
  'l-inv+l-unif+l-equi': caring('l-inv+l-unif', 'L_inv + L_unif + L_equi'),
} as const satisfies Readonly<Record<string, Named>>;

export type MethodName = keyof typeof NAMED;
export const METHOD_NAMES = Object.keys(NAMED) as readonly MethodName[];

/** The method to which CARE's term is added, or the method itself. */
export function baseOf(name: MethodName): BaseName {
  return NAMED[name].base;
}

/** Whether a method has the term L_equi. */
export function hasCare(name: MethodName): boolean {
  return NAMED[name].care;
}

/**
 * The method of that name.
 *
 * @throws RangeError for a name that there is none of, and for settings that make no sense, with what is allowed.
 */
export function methodOf(name: MethodName, model: MethodModel, settings: MethodSettings): Method {
  if (!Object.hasOwn(NAMED, name)) {
    throw new RangeError(`There is no method "${name}"; there are ${METHOD_NAMES.join(', ')}.`);
  }
  const { base, care, label }: Named = NAMED[name];
  const method = BASES[base](model, settings);
  const whole = care ? withCare(method, settings.care) : method;
  return { ...whole, label: label ?? (care ? `CARE (${method.label})` : method.label) };
}
