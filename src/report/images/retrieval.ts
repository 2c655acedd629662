/** Figures, tables and pictures of the report on retrieval: from records alone; pictures from the data that they name. */
import {
  drawQueries,
  shownQueries,
  type FoundForQuery,
  type Query,
  type QueryPictures,
} from '../../experiments/images/retrieval-pictures.js';
import { STRONG_LAMBDA } from '../../experiments/images/retrieval.js';
import type { ImageResults } from '../../experiments/images/study.js';
import type { RunRecord } from '../../runs/record.js';
import type {
  FigureBlock,
  Gallery,
  Picture,
  PicturesBlock,
  ProseBlock,
  ProvenanceBlock,
  TableBlock,
} from '../blocks.js';
import { describeDots, type ReferenceLevel } from '../charts/dots.js';
import { brief, mean } from '../charts/statistics.js';
import { comparedMeans, recordsOf, runsOf, seedValues, type Compared, type Quantity } from '../compared.js';
import { dotInput, quantityPanel, quantityTable as tableOf } from '../compared-figures.js';
import { provenanceOf } from '../provenance-block.js';
import { RETRIEVAL_QUANTITIES as Q } from './retrieval-quantities.js';
import { comparedVariants } from './variants.js';

export { estimateOf, type Quantity } from '../compared.js';
export { RETRIEVAL_QUANTITIES as QUANTITIES } from './retrieval-quantities.js';
export { variantLabel } from './variants.js';

/** CARE with the weight at which L_equi is felt. */
export const STRONG = `CARE, \u03bb ${STRONG_LAMBDA}`;

/** All methods, CARE with both weights. */
export function comparedAll(results: ImageResults): Compared {
  // The paper gives neither a number nor its setting, so there is none to be the same as.
  return { ...comparedVariants(results, { part: ['main', 'strong'] }), sameSetting: false };
}

/** Mean and standard deviation over seeds of several quantities, a method a row. */
export function quantityTable(
  results: ImageResults,
  title: string,
  quantities: readonly Quantity[],
): TableBlock {
  return tableOf(comparedAll(results), title, quantities);
}

/** A line at the mean of a quantity over all runs. */
function level(compared: Compared, quantity: Quantity, label: string): readonly ReferenceLevel[] {
  const value = mean(compared.methods.flatMap((method) => seedValues(compared, method, quantity)));
  return Number.isFinite(value) ? [{ value, label }] : [];
}

const FOLLOWS = [{ value: 0, label: 'no nearer than f(x)\u2019s' }] as const;

/** Whether neighbours follow the colour. */
export function followingFigure(results: ImageResults): FigureBlock {
  const compared = comparedAll(results);
  const shown = [
    {
      quantity: Q.colour,
      title: 'Distance in mean colour to a(x)',
      references: level(compared, Q.colourPermuted, 'permuted'),
    },
    { quantity: Q.colourGain, title: 'Made up by embedding a(x) instead of x', references: FOLLOWS },
  ];
  return {
    type: 'figure',
    id: 'following',
    title: `How far the five nearest are from the new colour: ${comparedMeans(compared, Q.colour)}`,
    paperPlace: 'Figures 9 and 21, which give no number',
    panels: shown.map(({ quantity, title, references }) =>
      quantityPanel(compared, quantity, { references, title }),
    ),
    columns: 2,
    paperShows:
      'By eye: the neighbours of f(a(x)) have the new colour for CARE, and do not for SimCLR (Figure 9) and EquiMod (Figure 21).',
    weSee:
      `Left: the distance between the mean colours of a(x) and of its five nearest, mean over queries; the line is that of neighbours of other queries. Right: how much nearer they are than the five nearest of f(x), ` +
      `as a share: ${comparedMeans(compared, Q.colourGain)}. An encoder that is blind to colour has 0 there.`,
    differs:
      'The paper shows pictures of some queries; ours are means over all measured images. CARE with another weight of L_equi and the untrained encoder are additions.',
    alt: shown
      .map(({ quantity, references }) => describeDots(dotInput(compared, quantity, references)))
      .join(' '),
    data: tableOf(compared, 'Colour of the five nearest', [
      Q.colour,
      Q.colourUnmoved,
      Q.colourPermuted,
      Q.colourGain,
      Q.colourScore,
      Q.featureColour,
    ]),
  };
}

/** The same of hues and classes. */
export function hueAndClassFigure(results: ImageResults): FigureBlock {
  const compared = comparedAll(results);
  const shown = [
    { quantity: Q.hue, title: 'Angle in hue to a(x)', references: [] },
    { quantity: Q.hueGain, title: 'Of the hue, made up by following', references: FOLLOWS },
    {
      quantity: Q.class,
      title: 'Neighbours of the query\u2019s class',
      references: level(compared, Q.classPermuted, 'permuted'),
    },
    { quantity: Q.relative, title: 'Wahba\u2019s error / movement, colours alone', references: [] },
  ];
  return {
    type: 'figure',
    id: 'hue-and-class',
    title: `Neighbours of the query\u2019s class: ${comparedMeans(compared, Q.class)}`,
    paperPlace: 'Figures 9 and 21, which give no number',
    panels: shown.map(({ quantity, title, references }) =>
      quantityPanel(compared, quantity, { references, title }),
    ),
    columns: 2,
    weSee: `Angle in hue: ${comparedMeans(compared, Q.hue)} degrees, of which following makes up ${comparedMeans(compared, Q.hueGain)}. Images without a hue do not count. Below on the right, how much of the movement under changes of colour no rotation explains.`,
    alt: shown
      .map(({ quantity, references }) => describeDots(dotInput(compared, quantity, references)))
      .join(' '),
    data: tableOf(compared, 'Hue and class of the five nearest', [
      Q.hue,
      Q.hueUnmoved,
      Q.hueGain,
      Q.class,
      Q.classUnmoved,
      Q.classPermuted,
      Q.featureClass,
      Q.knn,
    ]),
  };
}

/** The methods whose neighbours are shown as pictures: the paper's, and CARE at the weight at which it is felt. */
const PICTURED = ['CARE', STRONG, 'SimCLR', 'EquiMod'] as const;
const QUERIES = 3;

interface PicturedRun {
  readonly method: string;
  readonly record: RunRecord;
}

/** The first seed of each of the methods. */
function picturedRuns(results: ImageResults): readonly PicturedRun[] {
  const compared = comparedAll(results);
  return PICTURED.flatMap((method) => runsOf(compared, method).slice(0, 1)).filter(
    ({ record }) => record.measurements['retrieval'] !== undefined,
  );
}

function changeText({ change }: Query): string {
  return change.map(([name, value]) => `${name} ${brief(value, 2)}`).join(', ');
}

/** Whose pictures they are: what the paper's set is called after, and of any other set its name. */
export function pictureSource({ data, config }: RunRecord): string {
  if (data.generated) return 'The pictures were generated.';
  const set = (config as { readonly data?: { readonly name?: string } }).data?.name;
  if (set === 'flowers102') return 'The pictures are from Flowers-102 of Nilsback and Zisserman.';
  const owners = set === 'flowers5' ? ' They are photographs from Flickr and belong to their authors.' : '';
  return `The pictures are from ${data.name}, which stands in for Flowers-102 of Nilsback and Zisserman.${owners}`;
}

const COLUMNS = ['nearest to f(x)', 'nearest to f(a(x))'] as const;

function neighbourTable(queries: readonly Query[], runs: readonly PicturedRun[]): TableBlock {
  const methodOf = new Map(runs.map(({ method, record }) => [record.id, method]));
  const rows = queries.flatMap((query) =>
    query.found.flatMap(({ run, before, after }) =>
      (
        [
          [COLUMNS[0], before],
          [COLUMNS[1], after],
        ] as const
      ).map(([of, found]) => ({
        query: query.image,
        change: changeText(query),
        method: methodOf.get(run) ?? '',
        of,
        images: found.map(({ image }) => image).join(', '),
        run,
      })),
    ),
  );
  return {
    type: 'table',
    title: 'Five nearest images, by number in the test set',
    columns: [
      { key: 'query', title: 'query', kind: 'number' },
      { key: 'change', title: 'change of colour', kind: 'text' },
      { key: 'method', title: 'method', kind: 'text' },
      { key: 'of', title: 'list', kind: 'text' },
      { key: 'images', title: 'images, the nearest first', kind: 'text' },
      { key: 'run', title: 'run', kind: 'text' },
    ],
    rows,
  };
}

function pictureRow(
  method: string,
  { before, after }: FoundForQuery,
  { picture, classOf }: QueryPictures,
  wanted: string,
) {
  const column = (found: FoundForQuery['before']): readonly Picture[] =>
    found.map(({ image, place }) => ({
      src: picture(image),
      alt: `Place ${place}: image ${image}, ${classOf(image)}`,
      marked: classOf(image) === wanted,
    }));
  return { label: method, columns: [column(before), column(after)] };
}

function galleryOf(query: Query, runs: readonly PicturedRun[], pictures: QueryPictures): Gallery {
  const name = pictures.classOf(query.image);
  return {
    title: `Test image ${query.image}, ${name}`,
    lead: [
      { src: pictures.picture(query.image), alt: `Image ${query.image}, ${name}`, caption: 'query x' },
      {
        src: pictures.recoloured(query.query),
        alt: `Image ${query.image} after the change of colour`,
        caption: `a(x): ${changeText(query)}`,
      },
    ],
    columns: COLUMNS,
    rows: query.found.map((found) => {
      const method = runs.find(({ record }) => record.id === found.run)?.method ?? '';
      return pictureRow(method, found, pictures, name);
    }),
  };
}

/**
 * Figures 9 and 21: queries, the same recoloured, and the five nearest of both, as pictures where the data of the runs are at
 * hand; else the reason and the images' numbers.
 */
export async function neighbourPictures(
  results: ImageResults,
  options: { readonly dataDir?: string } = {},
): Promise<readonly (PicturesBlock | TableBlock | ProseBlock)[]> {
  const runs = picturedRuns(results);
  const [first] = runs;
  const queries = shownQueries(
    runs.map(({ record }) => record),
    QUERIES,
  );
  if (first === undefined || queries.length === 0)
    return [{ type: 'prose', markdown: 'Queries and their neighbours: **not run**.' }];
  const data = neighbourTable(queries, runs);
  const pictures = await drawQueries(first.record, queries, options.dataDir);
  if (typeof pictures === 'string') {
    return [
      { type: 'prose', markdown: `The images are not at hand, so their numbers stand here. ${pictures}` },
      data,
    ];
  }
  return [
    {
      type: 'pictures',
      id: 'neighbours',
      title: `${queries.length} queries, recoloured, and their five nearest`,
      paperPlace: 'Figures 9 and 21',
      galleries: queries.map((query) => galleryOf(query, runs, pictures)),
      markMeans: 'an image of the query\u2019s class',
      paperShows:
        'CARE\u2019s neighbours of the recoloured query have the new colour; SimCLR\u2019s and EquiMod\u2019s do not.',
      weSee:
        'The two lists of a method are the same images in the same order as far as the encoder ignores the change. The numbers above say how often they follow it.',
      differs:
        `${pictureSource(first.record)} ` +
        'The queries stand at equal distances through the test set and were fixed before anybody looked; the first seed of each method is shown. The paper does not say how it chose its own.',
      data,
    },
  ];
}

/** The one picture of the first screen. */
export function heroFigure(results: ImageResults): FigureBlock {
  const { panels, alt, data, title } = followingFigure(results);
  return {
    type: 'figure',
    id: 'hero',
    title,
    paperPlace: 'Figure 9, which gives no number',
    panels,
    columns: 2,
    weSee:
      'Each dot is one encoder. Left, lower is nearer to the new colour; right, 0 is what an encoder gives that does not see the change.',
    alt,
    data,
  };
}

/** Every run that the report rests on. */
export function retrievalProvenance(results: ImageResults): ProvenanceBlock {
  return provenanceOf(recordsOf(results.outcomes));
}
