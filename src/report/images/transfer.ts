/** Whether what CARE gains carries over to images that no encoder was trained on, which the paper's reviewers asked for. */
import { TRANSFER, transferData } from '../../experiments/images/transfer.js';
import { imageData } from '../../data/images.js';
import { imageLabel, type ImageResults } from '../../experiments/images/study.js';
import type { RunRecord } from '../../runs/record.js';
import type { FigureBlock } from '../blocks.js';
import { describeDots, dotPlot, type ReferenceLevel } from '../charts/dots.js';
import { comparedMeans, ranking, type Compared, type Quantity } from '../compared.js';
import type { ClaimDefinition } from '../compared-claims.js';
import { dotInput, quantityTable } from '../compared-figures.js';
import { brief } from '../charts/statistics.js';
import { PAPER_DATA } from '../paper-numbers.js';
import { BENCHMARK_QUANTITIES, CHANCE, chanceOf } from './benchmark-quantities.js';
import { comparedOf } from './common.js';

const { probe, transfer } = BENCHMARK_QUANTITIES;
const TRANSFER_CHANCE: Quantity = { ...CHANCE, measure: TRANSFER };

/** The runs that were tried on other images. */
export function transferRuns(results: ImageResults): Compared {
  const methods = results.plan.runs.flatMap(({ part, method, measures }) =>
    part === 'cifar10' && measures.includes(TRANSFER) ? [method] : [],
  );
  const compared = comparedOf(results, { part: 'cifar10', methods });
  const { to } = dataNames(results);
  // A record keeps the images that were tried last, which need not be those of the plan.
  const runs = compared.runs.map((run) => (triedOn(run.record) === to ? run : { ...run, record: null }));
  // The paper has no transfer, so there is no setting of its own to have.
  return { ...compared, runs, sameSetting: false };
}

/** The set of images on which a run was tried; undefined where it was on none. */
function triedOn(record: RunRecord | null): string | undefined {
  const name = record?.measurements[TRANSFER]?.tables?.['images']?.['name']?.[0];
  return name === undefined ? undefined : String(name);
}

/** A set of images as the paper writes it, or by its title. */
function titleOf(name: string): string {
  return Object.entries(PAPER_DATA).find(([data]) => data === name)?.[1] ?? imageData(name).title;
}

/** On which images encoders are trained in a plan, and on which they are tried. */
function dataNames({ plan }: ImageResults): { readonly from: string; readonly to: string } {
  const run = plan.runs.find(({ part, measures }) => part === 'cifar10' && measures.includes(TRANSFER));
  if (run === undefined) throw new Error('The plan has no run that is tried on other images.');
  return { from: run.config.data.name, to: transferData(run.config, run.settings) };
}

export const TRANSFER_CLAIM: ClaimDefinition = {
  id: 'transfer-simclr',
  label: 'CARE on other images',
  claim: `Added to ${imageLabel('simclr')}, CARE raises the linear probe also on images that the encoder was not trained on.`,
  place: 'a request of reviewers: transfer',
  paperValue: 'not measured',
  quantity: transfer,
  ours: imageLabel('care'),
  rivals: [imageLabel('simclr')],
};

function references(compared: Compared): readonly ReferenceLevel[] {
  const chance = chanceOf(compared, TRANSFER_CHANCE);
  return chance === undefined ? [] : [{ value: chance, label: 'chance' }];
}

/** The linear probe on images that the encoders were not trained on. */
export function transferFigure(results: ImageResults): FigureBlock {
  const compared = transferRuns(results);
  const names = dataNames(results);
  const [from, to] = [titleOf(names.from), titleOf(names.to)];
  const input = dotInput(compared, transfer, references(compared));
  const [best] = ranking(compared, transfer);
  return {
    type: 'figure',
    id: 'transfer',
    title:
      best === undefined
        ? `Trained on ${from}, probed on ${to}: not run`
        : `Trained on ${from}, probed on ${to}: ${best.method} has the highest mean, ${brief(best.value)} %`,
    panels: [{ title: '', spec: dotPlot(input) }],
    weSee: best === undefined ? 'Not run.' : `Means: ${comparedMeans(compared, transfer)}.`,
    differs: `The paper has no such figure; its reviewers asked for transfer. Encoders are those of Table 1 on ${from}, frozen; only the classifier has seen images of ${to}.`,
    alt: describeDots(input),
    data: quantityTable(compared, `Linear probe on ${from}, and on ${to}`, [
      { ...probe, title: `on ${from}` },
      { ...transfer, title: `on ${to}` },
    ]),
  };
}
