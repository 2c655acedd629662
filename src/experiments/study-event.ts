import type { TrainProgress } from '../train/trainer.js';

/** What happens while the experiment runs, for progress displays. */
export interface StudyEvent {
  /** The run at hand, counted from 0, and how many there are. */
  readonly index: number;
  readonly runs: number;
  readonly label: string;
  readonly phase: 'training' | 'measuring' | 'ready';
  readonly progress?: TrainProgress;
}
