/** What explains the verdicts of the report on equivariance, with every number taken from records. */
import type { PropertiesResults } from '../../experiments/equivariance-properties.js';
import { FORM_LABELS } from '../../experiments/forms/study.js';
import type { BilinearForm } from '../../losses/bilinear-equivariance.js';
import type { ProseBlock } from '../blocks.js';
import { brief, mean } from '../charts/statistics.js';
import { seedValues, type Compared, type Quantity } from '../compared.js';
import { comparedForm, comparedImages, STRONG } from './properties.js';
import { EMBEDDING as E, FEATURES as F, FORM_QUANTITIES as Q } from './quantities.js';

type MeanOf = (method: string, quantity: Quantity) => number;

function meansOf(compared: Compared): MeanOf {
  return (method, quantity) => mean(seedValues(compared, method, quantity));
}

/** A paragraph of numbers, or null where one of them is missing. */
function paragraph(numbers: readonly number[], words: (...texts: string[]) => string): string | null {
  return numbers.every(Number.isFinite) ? words(...numbers.map((value) => brief(value, 2))) : null;
}

function howMuch(of: MeanOf): string | null {
  const methods = ['CARE', 'SimCLR', STRONG];
  const numbers = methods.map((method) => of(method, E.relative));
  const explained = numbers.map((relative) => 100 * (1 - relative ** 2));
  const most = Math.max(...explained);
  const reading =
    most < 50
      ? 'So most of what an augmentation does to these embeddings is no rotation: Proposition 1 speaks of L_equi = 0, from which training at this size stays far.'
      : 'So a rotation is the larger part of it where it is largest.';
  return paragraph(
    explained,
    (care = '', simclr = '', strong = '') =>
      `**How much of it is a rotation.** The best rotation explains ${care} % of the squared movement with CARE, ${simclr} % with SimCLR, ${strong} % with ${STRONG}. ${reading}`,
  );
}

function invariance(of: MeanOf): string | null {
  const numbers = ['CARE', STRONG, 'SimCLR', 'untrained'].map((method) => of(method, E.invariance));
  const [care = NaN, strong = NaN] = numbers;
  const reading =
    strong < 0.7 * care
      ? 'The larger weight also makes the encoder move less, which is the trivial way to a small L_equi; errors relative to the movement take that out.'
      : 'The larger weight does not make the encoder move much less, so its lower errors are not those of an invariant encoder.';
  return paragraph(
    numbers,
    (a = '', b = '', c = '', d = '') =>
      `**How far embeddings move.** The invariance loss is ${a} with CARE, ${b} with ${STRONG}, ${c} with SimCLR and ${d} untrained. ${reading}`,
  );
}

function fitting(of: MeanOf): string | null {
  const numbers = [
    of('CARE', E.relative),
    of('CARE', E.steering),
    of('untrained', E.relative),
    of('untrained', E.steering),
  ];
  const [fitted = NaN, unseen = NaN] = numbers;
  return paragraph(
    numbers,
    (a = '', b = '', c = '', d = '') =>
      `**Fitting is not steering.** With CARE the rotation leaves ${a} of the movement of the images that it was fitted to and ${b} of that of unseen ones; untrained, ${c} and ${d}. ` +
      (unseen - fitted > 0.05
        ? 'A rotation of so many dimensions fits some of the noise of some hundred images; Wahba\u2019s error on the same images, which Figure 5 has, counts that as equivariance.'
        : 'The two are close, so the error of Figure 5 is not one of fitting.'),
  );
}

function head(of: MeanOf): string | null {
  const numbers = [
    of('CARE', F.relative),
    of('CARE', E.relative),
    of('SimCLR', F.relative),
    of('SimCLR', E.relative),
  ];
  const [careBefore = NaN, care = NaN, simclrBefore = NaN, simclr = NaN] = numbers;
  const [gapBefore, gap] = [simclrBefore - careBefore, simclr - care];
  return paragraph(
    numbers,
    (a = '', b = '', c = '', d = '') =>
      `**Before the head and behind it.** Relative to the movement, the error is ${a} before the head and ${b} behind it with CARE, ${c} and ${d} with SimCLR. ` +
      (Math.abs(gapBefore) < 0.5 * Math.abs(gap)
        ? 'What the two losses differ in is mostly in the head, which is thrown away after pretraining.'
        : 'The difference of the two losses reaches the features that a classifier gets.'),
  );
}

function baselines(of: MeanOf): string | null {
  const methods = ['CARE', STRONG, 'L_unif + L_equi', 'EquiMod', 'E-SSL'];
  const numbers = methods.map((method) => of(method, E.relative));
  const best = methods[numbers.indexOf(Math.min(...numbers))] ?? '';
  return paragraph(
    numbers,
    (...texts) =>
      `**Beside other equivariant methods.** Error relative to the movement: ${methods.map((method, i) => `${method} ${texts[i] ?? ''}`).join(', ')}; the lowest is that of ${best}. ` +
      'EquiMod lets a network that knows the augmentation predict where an embedding goes, and E-SSL predicts a rotation of the image; neither asks for a rotation of the sphere.',
  );
}

function lorentz({ forms }: PropertiesResults): string | null {
  const of = meansOf(comparedForm(forms, 'minkowski'));
  const { with: ours, without } = FORM_LABELS;
  const numbers = [
    of(ours, Q.defect),
    of(without, Q.defect),
    of(ours, Q.unrelated),
    of(ours, Q.unseen),
    of(without, Q.unseen),
  ];
  return paragraph(
    numbers,
    (a = '', b = '', c = '', d = '', e = '') =>
      `**The Lorentz group.** The map of a rotation is ${a} from preserving Minkowski\u2019s form with L_equi, ${b} without, and ${c} between exchanged proteins. The map is also more of one: it leaves ${d} of the movement of unseen proteins, against ${e}. ` +
      'A group as small as that of rotations can be had inside the Lorentz group without boosts, as rotations about one point of the hyperboloid.',
  );
}

function vanishing({ forms }: PropertiesResults): string | null {
  const size = (form: BilinearForm, which: keyof typeof FORM_LABELS) =>
    meansOf(comparedForm(forms, form))(FORM_LABELS[which], Q.size);
  const numbers = [size('symplectic', 'with'), size('symplectic', 'without'), size('minkowski', 'with')];
  const [ours = NaN, without = NaN] = numbers;
  return paragraph(
    numbers,
    (a = '', b = '', c = '') =>
      `**Where the symplectic form vanishes.** The form\u2019s values are ${a} of the lengths with L_equi and ${b} without (Minkowski\u2019s: ${c}). ` +
      (ours < without / 3
        ? 'The loss is made small by embeddings in a subspace on which the form is 0 for all pairs (a Lagrangian one has half of the dimensions), where any map preserves it: section 3.2 needs embeddings that span the space, and the symplectic form, unlike the inner product, lets training get around that.'
        : 'So the loss is not made small by embeddings on which the form vanishes.'),
  );
}

const TRIED =
  '**What was tried for the symplectic form.** In a ball instead of on the sphere embeddings shrank until the form\u2019s values were small. With a larger weight of isotropy, which fills all directions and so excludes the subspaces on which the form vanishes, training left L_equi as large as without the term.';

/** What was found out about the verdicts; for the section on what did not work. */
export function propertiesFindings(results: PropertiesResults): ProseBlock {
  const of = meansOf(comparedImages(results));
  const found = [
    howMuch(of),
    invariance(of),
    fitting(of),
    head(of),
    baselines(of),
    lorentz(results),
    vanishing(results),
  ].filter((each) => each !== null);
  const paragraphs = found.length === 0 ? ['The runs that would tell are not there: **not run**.'] : found;
  return { type: 'prose', markdown: [...paragraphs, TRIED].join('\n\n') };
}
