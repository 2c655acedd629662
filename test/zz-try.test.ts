import { it } from 'vitest';
import { planForms, runForms } from '/work/w-equi/src/experiments/forms/study.js';
import { openStore } from '/work/w-equi/src/runs/store.js';
import { startEngine } from '/work/w-equi/src/tensorflow/engine.js';
import { parseOverrides } from '/work/w-equi/src/runs/configuration.js';
it('tries', async () => {
  startEngine();
  const plan = planForms({ profile: 'laptop', preset: 'paper', overrides: parseOverrides((process.env.P ?? '').split(' ').filter(Boolean)) });
  const some = { ...plan, runs: plan.runs.filter(({ seed, config }) => seed === 0 && (process.env.F ?? config.form) === config.form && (process.env.L === undefined || config.training.lambda > 0)) };
  const t = performance.now();
  const { outcomes } = await runForms(some, { store: openStore('/tmp/equi-forms'), dataDir: '/work/shared/data' });
  for (const { label, record } of outcomes) {
    const m = record!.measurements.preserved!;
    console.log(label, record!.trainingSeconds.toFixed(1), record!.data.items, Object.fromEntries(Object.entries(m.estimates).map(([k, v]) => [k, +v.value.toFixed(3)])), Object.fromEntries(Object.entries(record!.series).map(([k, s]) => [k, [s.values[0], s.values.at(-1)].map((x) => +x!.toFixed(4))])));
  }
  console.log((performance.now() - t) / 1000);
}, 600000);
