/** What explains the verdicts of the report on equivariance, with every number taken from records. */
import type { PropertiesResults } from '../../experiments/equivariance-properties.js';
import { FORM_LABELS } from '../../experiments/forms/study.js';
import type { BilinearForm } from '../../losses/bilinear-equivariance.js';
import type { ProseBlock } from '../blocks.js';
import { brief, mean } from '../charts/statistics.js';
import { seedValues, type Compared, type Quantity } from '../compared.js';
import { comparedForm, comparedImages, STRONG } from './properties.js';
import { EMBEDDING as E, FEATURES as F, FORM_QUANTITIES as Q } from './quantities.js';
import { shownAgainst, type Shown } from '../shown.js';

type MeanOf = (method: string, quantity: Quantity) => number;

function meansOf(compared: Compared): MeanOf {
  return (method, quantity) => mean(seedValues(compared, method, quantity));
}

/** A paragraph of numbers, or null where one of them is missing. */
function paragraph(numbers: readonly number[], words: (...texts: string[]) => string): string | null {
  return numbers.every(Number.isFinite) ? words(...numbers.map((value) => brief(value, 2))) : null;
}

/** What seeds show of two methods, in words. */
const against = (shown: Shown, other: string): string =>
  ({
    lower: `lower than ${other}`,
    higher: `higher than ${other}`,
    unclear: `not shown to differ from ${other}`,
    'not run': `not compared with ${other}`,
  })[shown];

function howMuch(of: MeanOf): string | null {
  const methods = ['CARE', 'SimCLR', STRONG];
  const explained = methods.map((method) => 100 * of(method, E.explained));
  const most = Math.max(...explained);
  const best = methods[explained.indexOf(most)] ?? '';
  const reading =
    most < 50
      ? 'So with none of them is a rotation the larger part of what an augmentation does; Proposition 1 speaks of L_equi = 0.'
      : `So with ${best} a rotation is the larger part of what an augmentation does to the images that it is fitted to.`;
  return paragraph(
    explained,
    (care = '', simclr = '', strong = '') =>
      `**How much of it is a rotation.** The best rotation explains ${care} % of the squared movement with CARE, ${simclr} % with SimCLR, ${strong} % with ${STRONG}. ${reading}`,
  );
}

/** What the larger weight does to the error on unseen images of an encoder that does not move much less. */
function strongReading(compared: Compared): string {
  const errors = shownAgainst(compared, STRONG, 'CARE', E.steering);
  const less = 'The larger weight does not make the encoder move much less';
  return errors === 'lower'
    ? `${less}, so its lower error of steering is not that of an invariant encoder.`
    : `${less}; its error of steering is ${against(errors, 'that of the smaller weight')}.`;
}

function invariance(of: MeanOf, compared: Compared): string | null {
  const numbers = ['CARE', STRONG, 'SimCLR', 'untrained'].map((method) => of(method, E.invariance));
  const [care = NaN, strong = NaN] = numbers;
  const reading =
    strong < 0.7 * care
      ? 'The larger weight also makes the encoder move less, which is the trivial way to a small L_equi; errors are therefore given relative to the movement.'
      : strongReading(compared);
  return paragraph(
    numbers,
    (a = '', b = '', c = '', d = '') =>
      `**How far embeddings move.** The invariance loss is ${a} with CARE, ${b} with ${STRONG}, ${c} with SimCLR and ${d} untrained. ${reading}`,
  );
}

function fitting(of: MeanOf): string | null {
  const numbers = [
    of('CARE', E.steeringFitted),
    of('CARE', E.steering),
    of('untrained', E.steeringFitted),
    of('untrained', E.steering),
  ];
  const [fitted = NaN, unseen = NaN] = numbers;
  return paragraph(
    numbers,
    (a = '', b = '', c = '', d = '') =>
      `**Fitting and steering.** With CARE the rotation leaves ${a} of the movement of the half of the images that it was fitted to and ${b} of that of the other half; untrained, ${c} and ${d}. ` +
      (unseen - fitted > 0.05
        ? 'So with CARE the rotation fits some of what only the images have that it was fitted to; Wahba\u2019s error on the same images, which Figure 5 has, counts that as equivariance.'
        : 'With CARE the error is hardly larger on images that the rotation was not fitted to.'),
  );
}

function head(of: MeanOf, compared: Compared): string | null {
  const numbers = [
    of('CARE', F.steering),
    of('CARE', E.steering),
    of('SimCLR', F.steering),
    of('SimCLR', E.steering),
  ];
  const [before, behind] = [F, E].map(({ steering }) =>
    against(shownAgainst(compared, 'CARE', 'SimCLR', steering), 'SimCLR\u2019s'),
  );
  return paragraph(
    numbers,
    (a = '', b = '', c = '', d = '') =>
      `**Before the head and behind it.** On unseen images a recovered rotation leaves ${a} of the movement before the head and ${b} behind it with CARE, ${c} and ${d} with SimCLR. ` +
      `Before the head, which is what a classifier gets, CARE\u2019s error is ${before ?? ''}; behind it, ${behind ?? ''}.`,
  );
}

function baselines(of: MeanOf): string | null {
  const methods = ['CARE', STRONG, 'L_unif + L_equi', 'EquiMod', 'E-SSL'];
  const numbers = methods.map((method) => of(method, E.steering));
  const best = methods[numbers.indexOf(Math.min(...numbers))] ?? '';
  return paragraph(
    numbers,
    (...texts) =>
      `**Beside other equivariant methods.** Of the movement of unseen images a recovered rotation leaves ${methods.map((method, i) => `${texts[i] ?? ''} with ${method}`).join('; ')}. The lowest mean is that of ${best}. ` +
      'EquiMod lets a network that knows the augmentation predict where an embedding goes, and E-SSL predicts a rotation of the image; neither asks for a rotation of the sphere.',
  );
}

function lorentz({ forms }: PropertiesResults): string | null {
  const compared = comparedForm(forms, 'minkowski');
  const of = meansOf(compared);
  const { with: ours, without } = FORM_LABELS;
  const numbers = [
    of(ours, Q.defect),
    of(without, Q.defect),
    of(ours, Q.unrelated),
    of(ours, Q.unseen),
    of(without, Q.unseen),
  ];
  const left = against(shownAgainst(compared, ours, without, Q.unseen), 'that without');
  return paragraph(
    numbers,
    (a = '', b = '', c = '', d = '', e = '') =>
      `**The Lorentz group.** The map of a rotation is ${a} from preserving Minkowski\u2019s form with L_equi, ${b} without, and ${c} between exchanged proteins. The best linear map leaves ${d} of the movement of unseen proteins with L_equi and ${e} without; the error with it is ${left}. ` +
      'A group as small as that of rotations can be had inside the Lorentz group without boosts, as rotations about one point of the hyperboloid.',
  );
}

/** What the size of the symplectic form's values says of how L_equi was made small. */
function sizeReading(ours: number, without: number): string {
  if (ours < without / 3)
    return 'With L_equi the embeddings lie near a subspace on which the form is 0 for all pairs (a Lagrangian one has half of the dimensions), where any map preserves it: section 3.2 needs embeddings that span the space, and the symplectic form, unlike the inner product, lets training get around that.';
  return ours < without
    ? 'They are smaller with L_equi, which makes the loss smaller by itself, but do not vanish.'
    : 'They are no smaller with L_equi, so the loss is not made small by embeddings on which the form vanishes.';
}

function symplectic({ forms }: PropertiesResults): string | null {
  const size = (form: BilinearForm, which: keyof typeof FORM_LABELS) =>
    meansOf(comparedForm(forms, form))(FORM_LABELS[which], Q.size);
  const numbers = [size('symplectic', 'with'), size('symplectic', 'without'), size('minkowski', 'with')];
  const [ours = NaN, without = NaN] = numbers;
  return paragraph(
    numbers,
    (a = '', b = '', c = '') =>
      `**The size of the symplectic form.** The form\u2019s values are ${a} of the lengths with L_equi and ${b} without (Minkowski\u2019s: ${c}). ${sizeReading(ours, without)}`,
  );
}

/** What was found out about the verdicts; for the section on what did not work. */
export function propertiesFindings(results: PropertiesResults): ProseBlock {
  const compared = comparedImages(results);
  const of = meansOf(compared);
  const found = [
    howMuch(of),
    invariance(of, compared),
    fitting(of),
    head(of, compared),
    baselines(of),
    lorentz(results),
    symplectic(results),
  ].filter((each) => each !== null);
  const paragraphs = found.length === 0 ? ['The runs that would tell are not there: **not run**.'] : found;
  return { type: 'prose', markdown: paragraphs.join('\n\n') };
}
