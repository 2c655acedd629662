/** Figures and tables of the report on equivariance, as blocks: from records alone, with no number of their own. */
import type { PropertiesResults } from '../../experiments/equivariance-properties.js';
import { FORMS } from '../../experiments/forms/config.js';
import { FORM_LABELS, type FormsResults } from '../../experiments/forms/study.js';
import { STRONG_LAMBDA } from '../../experiments/images/retrieval.js';
import type { BilinearForm } from '../../losses/bilinear-equivariance.js';
import type { FigureBlock, ProvenanceBlock, TableBlock } from '../blocks.js';
import { describeDots } from '../charts/dots.js';
import { brief, mean } from '../charts/statistics.js';
import {
  cellOf,
  comparedMeans,
  NOT_RUN,
  recordsOf,
  runsOf,
  seedValues,
  type Compared,
  type Quantity,
} from '../compared.js';
import { dotInput, quantityPanel, quantityTable as tableOf, type PanelOptions } from '../compared-figures.js';
import { provenanceOf } from '../provenance-block.js';
import { comparedVariants } from '../images/variants.js';
import { EMBEDDING as E, FEATURES as F, FORM_QUANTITIES as Q } from './quantities.js';

export { estimateOf, type Quantity } from '../compared.js';
export { variantLabel } from '../images/variants.js';
export { EMBEDDING, FEATURES, FORM_QUANTITIES } from './quantities.js';

/** CARE with the weight at which L_equi is felt. */
export const STRONG = `CARE, \u03bb ${STRONG_LAMBDA}`;

/** All encoders of images, CARE with both weights. */
export function comparedImages({ images }: PropertiesResults): Compared {
  return comparedVariants(images, { part: ['main', 'strong'] });
}

/** The encoders of one form, with L_equi and without. The paper has no such experiment. */
export function comparedForm({ plan, outcomes }: FormsResults, form: BilinearForm): Compared {
  return {
    noun: 'encoder',
    methods: [FORM_LABELS.with, FORM_LABELS.without],
    runs: outcomes
      .filter(({ config }) => config.form === form)
      .map(({ config, seed, record }) => ({
        method: FORM_LABELS[config.training.lambda === 0 ? 'without' : 'with'],
        seed,
        record,
      })),
    profile: plan.choice.profile,
    sameSetting: false,
  };
}

/** Mean and standard deviation over seeds of several quantities of images, a method a row. */
export function quantityTable(
  results: PropertiesResults,
  title: string,
  quantities: readonly Quantity[],
): TableBlock {
  return tableOf(comparedImages(results), title, quantities);
}

interface ShownPanel extends PanelOptions {
  readonly quantity: Quantity;
}

function panelsOf(compared: Compared, shown: readonly ShownPanel[]): Pick<FigureBlock, 'panels' | 'alt'> {
  return {
    panels: shown.map(({ quantity, ...options }) => quantityPanel(compared, quantity, options)),
    alt: shown
      .map(({ quantity, references = [] }) => describeDots(dotInput(compared, quantity, references)))
      .join(' '),
  };
}

const NO_BETTER = [{ value: 1, label: 'no better than R = I' }] as const;
const UNRELATED = [{ value: 1, label: 'unrelated' }] as const;

/** Proposition 1: whether one rotation does what an augmentation does. */
export function rotationFigure(results: PropertiesResults): FigureBlock {
  const compared = comparedImages(results);
  return {
    type: 'figure',
    id: 'rotation',
    title: `What one rotation leaves of the movement: ${comparedMeans(compared, E.relative)}`,
    paperPlace: 'Proposition 1, and its Figures 5 and 8',
    ...panelsOf(compared, [
      { quantity: E.relative, title: 'Images that it was fitted to', references: NO_BETTER },
      { quantity: E.steering, title: 'Steering of unseen images', references: NO_BETTER },
      { quantity: E.gamma, title: 'gamma_f, ratio of means' },
      { quantity: E.invariance, title: 'How far embeddings move: invariance loss' },
    ]),
    columns: 2,
    paperShows:
      'If L_equi is 0, every augmentation acts by an orthogonal map; Figures 5 and 8 show lower errors than SimCLR\u2019s. No equivariant baseline is measured.',
    weSee: `Steering of unseen images leaves ${comparedMeans(compared, E.steering)}. An error of 1 is what standing still gives; read both beside the invariance loss, since an encoder that ignores its input has nothing to explain.`,
    differs:
      'Errors are relative to the movement. E-SSL, EquiMod, L_unif + L_equi, another weight of L_equi and the untrained encoder are additions.',
    data: tableOf(compared, 'Rotations of the embeddings behind the head', [
      E.relative,
      E.steering,
      E.gamma,
      E.invariance,
      E.rank,
      E.knn,
    ]),
  };
}

/** Corollary 1: whether compositions compose. */
export function compositionFigure(results: PropertiesResults): FigureBlock {
  const compared = comparedImages(results);
  return {
    type: 'figure',
    id: 'composition',
    title: `Composition error beside that of unrelated augmentations: ${comparedMeans(compared, E.composition)}`,
    paperPlace: 'Corollary 1, which it does not measure',
    ...panelsOf(compared, [
      { quantity: E.composition, title: 'Relative to unrelated augmentations', references: UNRELATED },
      { quantity: E.compositionOn, title: 'As it acts on the embeddings' },
    ]),
    columns: 2,
    paperShows: 'If L_equi is 0, $R_{a\u2032a} = R_{a\u2032}R_a$. It gives no measurement.',
    weSee:
      '$R_a$, $R_{a\u2032}$ and $R_{a\u2032a}$ are fitted to the test images apart from each other, among all orthogonal maps, as Proposition 1 has them. On the left, 0 is perfect composition, and 1 what augmentations give that have nothing to do with each other. On the right, the same difference as the embeddings feel it.',
    data: tableOf(compared, 'Composition of rotations behind the head', [
      E.composition,
      E.compositionError,
      E.unrelated,
      E.compositionOn,
    ]),
  };
}

/** The same before the head and behind it. */
export function headFigure(results: PropertiesResults): FigureBlock {
  const compared = comparedImages(results);
  const pairs = [
    { name: 'Wahba\u2019s error / movement', key: 'relative', references: NO_BETTER },
    { name: 'Composition, relative', key: 'composition', references: UNRELATED },
    { name: 'gamma_f, ratio of means', key: 'gamma', references: [] },
  ] as const;
  const shown = pairs.flatMap(({ name, key, references }): ShownPanel[] => [
    { quantity: F[key], title: `${name}, before the head`, references, beside: E[key] },
    { quantity: E[key], title: `${name}, behind it`, references, beside: F[key] },
  ]);
  return {
    type: 'figure',
    id: 'head',
    title: `Before the head, one rotation leaves ${comparedMeans(compared, F.relative)}`,
    ...panelsOf(compared, shown),
    columns: 2,
    weSee:
      'Left: the features that a classifier gets, scaled to length 1. Right: the embeddings on which the loss acts. Both have one scale.',
    differs: 'The paper measures behind the head alone; its reviewers asked for both.',
    data: tableOf(compared, 'Before the head', [
      F.relative,
      F.steering,
      F.gamma,
      F.invariance,
      F.composition,
      F.rank,
      F.knn,
    ]),
  };
}

/** Parameters that were read, in the order of the records. */
function readNames(compared: Compared): readonly string[] {
  const [first] = compared.methods.flatMap((method) => runsOf(compared, method));
  const names = Object.keys(first?.record.measurements.parameters?.estimates ?? {});
  return names.flatMap((name) => /^embedding\.(?!mean$)(.+)$/.exec(name)?.[1] ?? []);
}

/** How well the augmentation's parameters can be read from the embeddings before and after. */
export function parametersFigure(results: PropertiesResults): FigureBlock {
  const compared = comparedImages(results);
  const one = (name: string): Quantity => ({
    measure: 'parameters',
    estimate: `embedding.${name}`,
    title: name,
    lowerIsBetter: false,
  });
  return {
    type: 'figure',
    id: 'parameters',
    title: `R\u00b2 of the augmentation\u2019s parameters: ${comparedMeans(compared, E.parameters)}`,
    ...panelsOf(compared, [
      { quantity: F.parameters, title: 'Before the head' },
      { quantity: E.parameters, title: 'Behind the head' },
    ]),
    columns: 2,
    weSee:
      'A linear readout predicts crop, flip, jitter, grayscale and blur from the embeddings before and after: 1 is perfect, 0 no better than the mean. The table has each parameter.',
    differs: 'An addition, after the measure of 3DIEBench.',
    data: tableOf(compared, 'R\u00b2 behind the head, parameter by parameter', readNames(compared).map(one)),
  };
}

const FORM_NAMES: Readonly<Record<BilinearForm, string>> = {
  inner: 'inner product',
  minkowski: 'Minkowski\u2019s form',
  symplectic: 'symplectic form',
};
const GROUPS: Readonly<Record<BilinearForm, string>> = {
  inner: 'orthogonal group',
  minkowski: 'Lorentz group',
  symplectic: 'symplectic group',
};

/** A form's name in sentences. */
export function formName(form: BilinearForm): string {
  return FORM_NAMES[form];
}

const FORM_COLUMNS = [
  Q.gram,
  Q.gramPerMovement,
  Q.defect,
  Q.defectPerMovement,
  Q.unrelated,
  Q.unseen,
  Q.movement,
  Q.size,
] as const;

function formsTable({ forms }: PropertiesResults): TableBlock {
  const rows = FORMS.flatMap((form) => {
    const compared = comparedForm(forms, form);
    const table = tableOf(compared, '', FORM_COLUMNS);
    return table.rows.map((row) => ({ form: formName(form), ...row }));
  });
  const { columns, caption } = tableOf(comparedForm(forms, 'inner'), '', FORM_COLUMNS);
  return {
    type: 'table',
    title: 'What forms predict of held-out proteins',
    columns: [{ key: 'form', title: 'form', kind: 'text' }, ...columns],
    rows,
    ...(caption === undefined ? {} : { caption }),
  };
}

/** L_equi with another form: whether its values stay, and whether rotations act by its stabiliser. */
export function formsFigure(results: PropertiesResults): FigureBlock {
  const shown = FORMS.flatMap((form) => {
    const compared = comparedForm(results.forms, form);
    const exchanged = mean(compared.methods.flatMap((method) => seedValues(compared, method, Q.unrelated)));
    const reference = Number.isFinite(exchanged) ? [{ value: exchanged, label: 'exchanged' }] : [];
    return [
      {
        compared,
        quantity: Q.gram,
        title: `Values of ${theForm(form)}`,
        references: [{ value: 1, label: 'exchanged' }],
      },
      { compared, quantity: Q.defect, title: `Distance from the ${GROUPS[form]}`, references: reference },
    ];
  });
  const lorentz = comparedForm(results.forms, 'minkowski');
  return {
    type: 'figure',
    id: 'forms',
    title: `With Minkowski\u2019s form, the distance of rotations from the Lorentz group: ${comparedMeans(lorentz, Q.defect)}`,
    paperPlace: 'Section 3.2, which it does not measure',
    panels: shown.map(({ compared, quantity, title, references }) =>
      quantityPanel(compared, quantity, { references, title }),
    ),
    columns: 2,
    paperShows:
      'With another bilinear form in L_equi, augmentations act by the maps that preserve it: the Lorentz group for Minkowski\u2019s form, Sp(2n) for the symplectic one. It gives no measurement.',
    weSee: `Left: how much turning changes the form\u2019s values between held-out proteins, as a share of what exchanging the proteins changes. Right: how far the least-squares map A of a rotation is from preserving the form, ||A\u1d40BA \u2212 B|| / ||B||; the line is that of maps between exchanged proteins. An encoder that ignores rotations has 0 in both, so the claims divide both by the movement, which the table has. Size of the form\u2019s values, with L_equi and without: ${FORMS.map((form) => `${formName(form)} ${sizes(results, form)}`).join('; ')}.`,
    alt: shown
      .map(
        ({ compared, quantity, title, references }) =>
          `${title}. ${describeDots(dotInput(compared, quantity, references))}`,
      )
      .join(' '),
    data: formsTable(results),
  };
}

/** The name of a form in a sentence. */
function theForm(form: BilinearForm): string {
  return form === 'minkowski' ? formName(form) : `the ${formName(form)}`;
}

/** Mean size of the form's values with L_equi and without. */
function sizes({ forms }: PropertiesResults, form: BilinearForm): string {
  const compared = comparedForm(forms, form);
  const means = compared.methods.map((method) => mean(seedValues(compared, method, Q.size)));
  return means.every(Number.isFinite) ? means.map((value) => brief(value, 2)).join(' and ') : NOT_RUN;
}

/** Of which form's stabiliser the maps of a rotation are, whatever form an encoder was trained with. */
export function stabiliserTable({ forms }: PropertiesResults): TableBlock {
  const defect = (form: BilinearForm): Quantity => ({
    measure: 'preserved',
    estimate: `defect.${form}`,
    title: formName(form),
    lowerIsBetter: true,
  });
  return {
    type: 'table',
    title:
      'Which form do rotations preserve? Encoders with L_equi, ||A\u1d40BA \u2212 B|| / ||B|| for each form',
    columns: [
      { key: 'trained', title: 'trained with', kind: 'text' },
      ...FORMS.map((form) => ({
        key: form,
        title: `measured with ${theForm(form)}`,
        kind: 'number' as const,
      })),
    ],
    rows: FORMS.map((trained) => ({
      trained: formName(trained),
      ...Object.fromEntries(
        FORMS.map((form) => [
          form,
          cellOf(mean(seedValues(comparedForm(forms, trained), FORM_LABELS.with, defect(form))), 3),
        ]),
      ),
    })),
    caption:
      'Means over pretraining seeds. 0 is a map that preserves the form. A rotation of the sphere or of the hyperboloid about its lowest point preserves both the inner product and Minkowski\u2019s form.',
  };
}

/** The one picture of the first screen. */
export function heroFigure(results: PropertiesResults): FigureBlock {
  const compared = comparedImages(results);
  const { data } = rotationFigure(results);
  return {
    type: 'figure',
    id: 'hero',
    title: `What one rotation leaves of the movement of unseen images: ${comparedMeans(compared, E.steering)}`,
    paperPlace: 'Proposition 1 and Corollary 1',
    ...panelsOf(compared, [
      { quantity: E.steering, title: 'Steering of unseen images', references: NO_BETTER },
      { quantity: E.composition, title: 'Composition', references: UNRELATED },
    ]),
    columns: 2,
    weSee:
      'Each dot is one encoder. Left: a rotation recovered on one half of the images, tried on the other; 1 is standing still. Right: how far $R_{a\u2032a}$ is from $R_{a\u2032}R_a$; 1 is what unrelated augmentations give.',
    data,
  };
}

/** Every run that the report rests on. */
export function propertiesProvenance(results: PropertiesResults): ProvenanceBlock {
  return provenanceOf(recordsOf(results.outcomes));
}
