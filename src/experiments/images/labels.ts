import type { ImageMethod } from './config.js';

/** Names of the methods as charts and tables show them; those of the paper's Table 1 where it has them. */
export const METHOD_LABELS = {
  care: 'CARE',
  simclr: 'SimCLR',
  'moco-v2': 'MoCo-v2',
  'moco-v2+care': 'CARE (MoCo-v2)',
  byol: 'BYOL',
  'byol+care': 'CARE (BYOL)',
  'barlow-twins': 'Barlow Twins',
  'barlow-twins+care': 'CARE (Barlow Twins)',
  equimod: 'EquiMod',
  'equimod+care': 'CARE (EquiMod)',
  'equimod-byol': 'EquiMod (BYOL)',
  'equimod-byol+care': 'CARE (EquiMod on BYOL)',
  'e-ssl': 'E-SSL',
  'e-ssl+care': 'CARE (E-SSL)',
  'l-inv': 'L_inv',
  'l-unif': 'L_unif',
  'l-equi': 'L_equi',
  'l-inv+l-unif': 'L_inv + L_unif',
  'l-inv+l-equi': 'L_inv + L_equi',
  'l-unif+l-equi': 'L_unif + L_equi',
  'l-inv+l-unif+l-equi': 'L_inv + L_unif + L_equi',
  untrained: 'untrained',
} as const satisfies Readonly<Record<ImageMethod, string>>;
