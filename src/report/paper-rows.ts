/**
 * What is to be reproduced, row by row: every figure and table of the paper's experiments, and what its reviewers asked for.
 * The one list of it; the index shows each row with the claims that decide it, and a row that no claim decides as not run.
 */
import { listed } from './phrases.js';

/** Where the claims of a row are found: in one experiment's report, by their place in the paper or by their ids. */
export type ClaimSource =
  | { readonly experiment: string; readonly places: readonly string[] }
  | { readonly experiment: string; readonly ids: readonly string[] };

/** A figure, a table, or a request. */
export interface PaperRow {
  readonly id: string;
  readonly asked: 'by the paper' | 'by its reviewers';
  /** The paper's place, or the request in a few words. */
  readonly place: string;
  /** What the paper shows there, or what was asked, as a sentence. */
  readonly shows: string;
  readonly decidedBy: readonly ClaimSource[];
}

const PROTEIN = 'protein';
const COLOUR = 'cifar-color-sensitivity';
const TABLES = 'benchmark-tables';
const RETRIEVAL = 'retrieval';
const PROPERTIES = 'equivariance-properties';

function figures(first: number, last = first): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `Figure ${first + i}`);
}

export const PAPER_ROWS: readonly PaperRow[] = [
  {
    id: 'figure-3',
    asked: 'by the paper',
    place: 'Figures 3, 17 to 20',
    shows:
      'While a protein turns, its CARE embedding goes round in circles; those of SimCLR, L_unif and L_inv do not.',
    decidedBy: [{ experiment: PROTEIN, places: [...figures(3), ...figures(17, 20)] }],
  },
  {
    id: 'figure-4',
    asked: 'by the paper',
    place: 'Figure 4',
    shows: 'A protein\u2019s first principal component is read from CARE with the smallest error.',
    decidedBy: [{ experiment: PROTEIN, places: figures(4) }],
  },
  {
    id: 'figure-5',
    asked: 'by the paper',
    place: 'Figure 5',
    shows:
      'Over augmentations, Wahba\u2019s error is lower for CARE than for SimCLR: on average, in the worst case and almost pointwise.',
    decidedBy: [{ experiment: COLOUR, places: figures(5) }],
  },
  {
    id: 'figure-6',
    asked: 'by the paper',
    place: 'Figure 6',
    shows:
      'On the circle, the angle between f(x) and f(a x) varies less for CARE; SimCLR has angles beyond 120 degrees.',
    decidedBy: [{ experiment: COLOUR, places: figures(6) }],
  },
  {
    id: 'figure-7',
    asked: 'by the paper',
    place: 'Figure 7',
    shows: 'The linear readout is best for lambda from .01 to .1.',
    decidedBy: [{ experiment: TABLES, places: figures(7) }],
  },
  {
    id: 'figure-8',
    asked: 'by the paper',
    place: 'Figure 8',
    shows: 'During pretraining the invariance loss is alike, and \u03b3_f much lower for CARE.',
    decidedBy: [{ experiment: COLOUR, places: figures(8) }],
  },
  {
    id: 'figure-9',
    asked: 'by the paper',
    place: 'Figures 9, 21',
    shows: 'When a flower changes its colour, its neighbours under CARE follow; under SimCLR they do not.',
    decidedBy: [{ experiment: RETRIEVAL, places: [...figures(9), ...figures(21)] }],
  },
  {
    id: 'figure-10',
    asked: 'by the paper',
    place: 'Figure 10',
    shows: 'Linear probe after each subset of the three losses; L_equi with L_unif is non-trivial.',
    decidedBy: [{ experiment: TABLES, places: figures(10) }],
  },
  {
    id: 'figure-11',
    asked: 'by the paper',
    place: 'Figures 11 to 16',
    shows: 'Cosines of positive pairs at the end of training and on the way, for each subset of the losses.',
    decidedBy: [{ experiment: TABLES, places: figures(11, 16) }],
  },
  {
    id: 'table-1',
    asked: 'by the paper',
    place: 'Table 1',
    shows: 'Added to SimCLR, MoCo-v2 and Barlow Twins, CARE raises the linear probe on four data sets.',
    decidedBy: [{ experiment: TABLES, places: ['Table 1'] }],
  },
  {
    id: 'equivariant-baselines',
    asked: 'by its reviewers',
    place: 'equivariant baselines',
    shows:
      'Wahba\u2019s error relative to the movement, also of unseen images, and \u03b3_f, beside other equivariant methods.',
    decidedBy: [
      { experiment: PROPERTIES, ids: ['baselines-relative', 'baselines-wahba', 'baselines-gamma'] },
    ],
  },
  {
    id: 'retrieval-in-numbers',
    asked: 'by its reviewers',
    place: 'retrieval in numbers',
    shows: 'Whether neighbours follow the colour, measured over many queries rather than shown on a few.',
    decidedBy: [{ experiment: RETRIEVAL, places: [...figures(9), ...figures(21)] }],
  },
  {
    id: 'transfer',
    asked: 'by its reviewers',
    place: 'transfer',
    shows: 'Whether what CARE gains carries over to data that it was not pretrained on.',
    decidedBy: [{ experiment: TABLES, ids: ['transfer-simclr'] }],
  },
  {
    id: 'pretraining-seeds',
    asked: 'by its reviewers',
    place: 'variance over pretraining seeds',
    shows: 'Whether CARE\u2019s gain in the linear probe holds over pretrainings from different seeds.',
    decidedBy: [{ experiment: TABLES, ids: ['simclr-cifar10', 'moco-v2-cifar10', 'barlow-twins-cifar10'] }],
  },
  {
    id: 'protein-target',
    asked: 'by its reviewers',
    place: 'a clearer protein target',
    shows:
      'Whether orientation is read from CARE when the target has no arbitrary sign and structures are held out.',
    decidedBy: [{ experiment: PROTEIN, ids: ['component-simclr', 'component-all', 'component-untrained'] }],
  },
  {
    id: 'composition',
    asked: 'by its reviewers',
    place: 'composition (Corollary 1)',
    shows: 'Whether the rotation of a composed augmentation is the product of the rotations of its parts.',
    decidedBy: [{ experiment: PROPERTIES, ids: ['composition', 'composition-simclr'] }],
  },
  {
    id: 'before-and-after-head',
    asked: 'by its reviewers',
    place: 'before and after the head',
    shows: 'Whether equivariance holds before the projection head or only after it.',
    decidedBy: [{ experiment: PROPERTIES, ids: ['before-head', 'steering-simclr'] }],
  },
  {
    id: 'steering',
    asked: 'by its reviewers',
    place: 'steering unseen embeddings',
    shows: 'How well a rotation fitted on some embeddings moves others to where the augmentation takes them.',
    decidedBy: [{ experiment: PROPERTIES, ids: ['steering', 'steering-simclr'] }],
  },
];

/** Numbers in order, three or more that follow each other as `11 to 16`. */
function rangesOf(numbers: readonly number[]): readonly string[] {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const runs = sorted.reduce<number[][]>((found, number) => {
    const last = found.at(-1);
    if (last?.at(-1) === number - 1) last.push(number);
    else found.push([number]);
    return found;
  }, []);
  return runs.flatMap((run) =>
    run.length < 3 ? run.map(String) : [`${run[0] ?? ''} to ${run.at(-1) ?? ''}`],
  );
}

/** Single places as a text: `Figures 3, 4, 17 to 20 and Table 1`. */
export function placesText(places: readonly string[]): string {
  const kinds = ['Figure', 'Table'].flatMap((kind) => {
    const numbers = places.flatMap((place) =>
      place.startsWith(`${kind} `) ? [Number(place.split(' ')[1])] : [],
    );
    if (numbers.length === 0) return [];
    return [`${kind}${numbers.length === 1 ? '' : 's'} ${listed(rangesOf(numbers))}`];
  });
  return listed(kinds);
}

/** The single places that a text begins with: `Figures 3, 17 to 20` names five, `a control of Figure 5` none. */
export function placesIn(text: string): readonly string[] {
  const [, kind, list = ''] = /^(Figure|Table)s?\s+((?:\d+(?:\s*(?:,|and|to)\s*)?)+)/.exec(text) ?? [];
  if (kind === undefined) return [];
  return [...list.matchAll(/(\d+)(?:\s*to\s*(\d+))?/g)].flatMap(([, first, last = first]) => {
    const count = Number(last) - Number(first) + 1;
    return Array.from({ length: count }, (_, i) => `${kind} ${Number(first) + i}`);
  });
}
