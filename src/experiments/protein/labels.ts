import type { EncoderName } from './config.js';

/** Names of the encoders as tables and legends show them. */
export const ENCODER_LABELS = {
  care: 'CARE',
  simclr: 'SimCLR',
  'l-unif': 'L_unif',
  'l-unif+l-equi': 'L_unif+L_equi',
  'l-inv': 'L_inv',
  untrained: 'untrained',
} as const satisfies Readonly<Record<EncoderName, string>>;
