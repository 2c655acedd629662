/** `care presets list | show | diff`: which method settings there are, and where they depart from each other. */
import { Option, type Command } from 'commander';
import { IMAGE_METHODS, type ImageMethod } from '../experiments/images/config.js';
import {
  DEPARTURES,
  recipeOf,
  type Departure,
  type SettingDeparture,
} from '../experiments/images/presets.js';
import { imageConfig } from '../experiments/images/settings.js';
import { imageData } from '../data/images.js';
import { parsePreset, PRESETS, type PresetName } from '../runs/presets.js';
import { PROFILE_NAMES, parseProfile, type ProfileName } from '../runs/profiles.js';
import { textTable, wrapped } from './text-table.js';

interface Choice {
  readonly data: string;
  readonly method: ImageMethod;
  readonly profile: ProfileName;
}

interface ChoiceOptions {
  readonly data?: string;
  readonly method?: ImageMethod;
  readonly profile: string;
}

const EXAMPLES = `
Examples:
  care presets list
  care presets show paper --data stl10                    all settings, for a data set and a method
  care presets diff paper official-code                   each departure and its switch
  care presets diff paper official-code --data imagenet100 --method moco-v2+care
`;

/** Every setting of a configuration, by its dotted key. */
function flattened(values: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]: [string, unknown]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(flattened(value, `${prefix}${key}.`))
        : [[`${prefix}${key}`, value]],
    ),
  );
}

/** All settings of a preset. */
function settingsOf(preset: PresetName, { data, method, profile }: Choice): Record<string, unknown> {
  const options = { source: 'the options', values: { method, 'data.name': data } };
  const { config, measures } = imageConfig({ preset, profile, options });
  return flattened({ ...config, measures });
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function choiceOf({ data = 'cifar10', method = 'care', profile }: ChoiceOptions): Choice {
  return { data: imageData(data).name, method, profile: parseProfile(profile) };
}

/** The settings in which two presets differ for one data set and method. */
function differingSettings(a: PresetName, b: PresetName, choice: Choice): readonly string[] {
  const [first, second] = [settingsOf(a, choice), settingsOf(b, choice)];
  return Object.keys(first).filter((key) => valueText(first[key]) !== valueText(second[key]));
}

/** The data set and method with which a departure shows. */
function placeOf({ data = 'cifar10', method = 'care' }: SettingDeparture, { profile }: Choice): Choice {
  return { data, method, profile };
}

function departureRow(
  departure: Departure,
  presets: readonly [PresetName, PresetName],
  choice: Choice,
): string[] {
  if ('measures' in departure) {
    return [departure.point, 'care measure RUN', ...presets.map((preset) => departure.measures[preset])];
  }
  const place = placeOf(departure, choice);
  const values = presets.map((preset) => valueText(settingsOf(preset, place)[departure.setting]));
  return [departure.point, departure.setting, ...values];
}

function printDepartures(a: PresetName, b: PresetName, choice: Choice): void {
  const columns = [{ title: 'point' }, { title: 'switch' }, { title: a }, { title: b }];
  console.log(
    textTable(
      columns,
      DEPARTURES.map((departure) => departureRow(departure, [a, b], choice)),
      Infinity,
    ),
  );
  for (const departure of DEPARTURES) {
    if ('measures' in departure || departure.alike === undefined) continue;
    console.log(`\n${departure.point}, the same in both:\n${wrapped(departure.alike, '  ')}`);
  }
}

/** Whether a setting is the switch of a departure that shows with this data set. */
function isSwitch(departure: Departure, key: string, { data }: Choice): boolean {
  if ('measures' in departure || departure.setting !== key) return false;
  return departure.data === undefined || departure.data === recipeOf(data);
}

/** The differences for one data set and method, whether a departure explains them or not. */
function printDifferences(a: PresetName, b: PresetName, choice: Choice): void {
  const [first, second] = [settingsOf(a, choice), settingsOf(b, choice)];
  const rows = differingSettings(a, b, choice).map((key) => {
    const known = DEPARTURES.find((departure) => isSwitch(departure, key, choice));
    return [key, valueText(first[key]), valueText(second[key]), known?.point ?? ''];
  });
  console.log(`${choice.method} on ${choice.data}, profile ${choice.profile}`);
  if (rows.length === 0) console.log('no differences');
  else
    console.log(
      textTable([{ title: 'switch' }, { title: a }, { title: b }, { title: 'point' }], rows, Infinity),
    );
}

function diff(first: string, second: string, options: ChoiceOptions): void {
  const [a, b] = [parsePreset(first), parsePreset(second)];
  const choice = choiceOf(options);
  if (options.data === undefined && options.method === undefined) printDepartures(a, b, choice);
  else printDifferences(a, b, choice);
}

function show(name: string, options: ChoiceOptions): void {
  const preset = parsePreset(name);
  const choice = choiceOf(options);
  console.log(`${preset}: ${PRESETS[preset]}\n${choice.method} on ${choice.data}, profile ${choice.profile}`);
  for (const [key, value] of Object.entries(settingsOf(preset, choice))) {
    console.log(`  ${key} = ${valueText(value)}`);
  }
}

function list(): void {
  for (const [name, words] of Object.entries(PRESETS)) console.log(`${name}\n${wrapped(words, '  ')}`);
}

function withChoice(command: Command): Command {
  return command
    .option('--data <name>', 'data set of `care data list`, whose settings are looked at (default: cifar10)')
    .addOption(new Option('--method <name>', 'the method (default: care)').choices(IMAGE_METHODS))
    .option('--profile <name>', `how big: ${PROFILE_NAMES.join(', ')}`, 'paper');
}

/** Adds `care presets`. */
export function registerPresets(program: Command): void {
  const presets = program
    .command('presets')
    .description("which method settings there are: the paper's and the official code's, and how they differ")
    .addHelpText('after', EXAMPLES);
  presets.command('list').description('the presets, a sentence each').action(list);
  withChoice(presets.command('show').argument('<preset>'))
    .description('every setting of a preset')
    .action(show);
  withChoice(presets.command('diff').argument('<preset>').argument('<other>'))
    .description('where two presets differ: all departures, or all settings for a data set and method')
    .action(diff);
}
