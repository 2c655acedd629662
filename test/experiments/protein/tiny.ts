import { planProtein, type ProteinPlan } from '../../../src/experiments/protein/study.js';
import { parseOverrides } from '../../../src/runs/configuration.js';

/** Settings under which a run takes a moment: 24 structures of 16 points, 19 to train on and 5 held out. */
export const TINY = [
  'data.limit=24',
  'data.points=16',
  'model.phi=8,16',
  'model.rho=16,8',
  'training.steps=4',
  'training.batch=16',
  'measures.augmentations=2',
  'measures.shownStructures=1',
  'measures.roundnessStructures=2',
  'measures.angles=8',
  'measures.trainOrientations=1',
  'measures.testOrientations=1',
  'measures.classifierSeeds=0',
] as const;

/** The smoke plan in its smallest form; later settings go over earlier ones. */
export function tinyPlan(...settings: readonly string[]): ProteinPlan {
  return planProtein({
    profile: 'smoke',
    preset: 'paper',
    overrides: parseOverrides([...TINY, ...settings]),
  });
}

/** The plan with the runs that a test needs. */
export function only(plan: ProteinPlan, wanted: (run: ProteinPlan['runs'][number]) => boolean): ProteinPlan {
  return { ...plan, runs: plan.runs.filter(wanted) };
}
