/** What the report on retrieval shows of a run. */
import type { Measurement } from '../../runs/record.js';
import type { Quantity } from '../compared.js';

/** By how much of its distance a trait comes nearer when the query is embedded after the change. */
function gained(trait: string) {
  return ({ estimates }: Measurement): number | undefined => {
    const [found, unmoved] = [estimates[trait]?.value, estimates[`${trait}Unmoved`]?.value];
    return found === undefined || unmoved === undefined ? undefined : 1 - found / unmoved;
  };
}

/** The quantities of the report, of embeddings behind the head unless they say otherwise. */
export const RETRIEVAL_QUANTITIES = {
  colour: {
    measure: 'retrieval',
    estimate: 'embedding.colour',
    title: 'distance in mean colour to the recoloured query',
    axis: 'colour distance',
    lowerIsBetter: true,
  },
  colourUnmoved: {
    measure: 'retrieval',
    estimate: 'embedding.colourUnmoved',
    title: 'the same of the neighbours of f(x)',
    lowerIsBetter: true,
  },
  colourPermuted: {
    measure: 'retrieval',
    estimate: 'embedding.colourPermuted',
    title: 'the same of neighbours of other queries',
    lowerIsBetter: true,
  },
  colourGain: {
    measure: 'retrieval',
    estimate: 'colourGain',
    title: 'share of the colour distance that is made up by following',
    axis: 'colour gain',
    lowerIsBetter: false,
    derive: gained('embedding.colour'),
  },
  colourScore: {
    measure: 'retrieval',
    estimate: 'embedding.colourScore',
    title: 'colour score (0: chance, 1: perfect)',
    lowerIsBetter: false,
  },
  hue: {
    measure: 'retrieval',
    estimate: 'embedding.hue',
    title: 'angle in hue to the recoloured query',
    unit: 'degrees',
    lowerIsBetter: true,
  },
  hueUnmoved: {
    measure: 'retrieval',
    estimate: 'embedding.hueUnmoved',
    title: 'the same of the neighbours of f(x)',
    unit: 'degrees',
    lowerIsBetter: true,
  },
  hueGain: {
    measure: 'retrieval',
    estimate: 'hueGain',
    title: 'share of the angle in hue that is made up by following',
    lowerIsBetter: false,
    derive: gained('embedding.hue'),
  },
  hueScore: {
    measure: 'retrieval',
    estimate: 'embedding.hueScore',
    title: 'hue score (0: chance, 1: perfect)',
    lowerIsBetter: false,
  },
  class: {
    measure: 'retrieval',
    estimate: 'embedding.class',
    title: 'share of neighbours of the query\u2019s class',
    axis: 'same class',
    lowerIsBetter: false,
  },
  classUnmoved: {
    measure: 'retrieval',
    estimate: 'embedding.classUnmoved',
    title: 'the same of the neighbours of f(x)',
    lowerIsBetter: false,
  },
  classPermuted: {
    measure: 'retrieval',
    estimate: 'embedding.classPermuted',
    title: 'the same of neighbours of other queries',
    lowerIsBetter: false,
  },
  featureColour: {
    measure: 'retrieval',
    estimate: 'features.colour',
    title: 'distance in mean colour, before the head',
    lowerIsBetter: true,
  },
  featureClass: {
    measure: 'retrieval',
    estimate: 'features.class',
    title: 'share of neighbours of the query\u2019s class, before the head',
    lowerIsBetter: false,
  },
  relative: {
    measure: 'wahba-colour',
    estimate: 'embedding.relative',
    title: 'Wahba\u2019s error / movement, colours alone',
    lowerIsBetter: true,
  },
  knn: {
    measure: 'neighbours',
    estimate: 'embedding.accuracy',
    title: 'accuracy of nearest neighbours',
    unit: '%',
    lowerIsBetter: false,
  },
} as const satisfies Readonly<Record<string, Quantity>>;
