/**
 * Configurations of experiments: layers of settings (preset, profile, what the user typed) over a zod schema with
 * defaults, checked key by key so that every mistake is one line that can be acted on.
 */
import { z } from 'zod';
import { editDistance } from './closest.js';
import type { Json } from './record.js';
import { UserError } from './user-error.js';

/** Settings from one source. A later layer goes over an earlier one, key by key within nested objects. */
export interface ConfigLayer {
  /** Where the settings come from, for errors: `profile laptop`, `-p`. */
  readonly source: string;
  readonly values: { readonly [key: string]: Json };
  /** The values are texts from a command line, to be read as what the schema asks for at their (dotted) keys. */
  readonly isText?: boolean;
}

type Fields = Readonly<Record<string, z.ZodType>>;
type Settings = Readonly<Record<string, unknown>>;

interface Place {
  /** Dotted path of the key. */
  readonly path: string;
  readonly source: string;
  /** All keys of the configuration, dotted. */
  readonly all: readonly string[];
}

/** The schema inside default, optional, nullable and readonly wrappers. */
function unwrapped(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while (
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodReadonly
  ) {
    inner = inner.def.innerType as z.ZodType;
  }
  return inner;
}

/** The fields of an object schema, or null for any other. */
function fieldsOf(schema: z.ZodType): Fields | null {
  const inner = unwrapped(schema);
  return inner instanceof z.ZodObject ? inner.shape : null;
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** All keys that can be set, dotted. */
function dottedKeys(fields: Fields, prefix = ''): readonly string[] {
  return Object.entries(fields).flatMap(([key, schema]) => {
    const inner = fieldsOf(schema);
    return inner === null ? [`${prefix}${key}`] : dottedKeys(inner, `${prefix}${key}.`);
  });
}

interface JsonSchema {
  readonly type?: string;
  readonly const?: Json;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'a text',
  null: 'null',
  object: 'an object',
};

function bounds(schema: JsonSchema): string {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema;
  const words: string[] = [];
  // Schemas of whole numbers carry the safe integers as their bounds, which nobody needs to be told.
  if (minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER) words.push(`at least ${minimum}`);
  if (exclusiveMinimum !== undefined) words.push(`above ${exclusiveMinimum}`);
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) words.push(`at most ${maximum}`);
  if (exclusiveMaximum !== undefined) words.push(`below ${exclusiveMaximum}`);
  return words.length === 0 ? '' : ` ${words.join(' and ')}`;
}

function lengthWords({ minItems, maxItems }: JsonSchema): string {
  if (minItems !== undefined && minItems === maxItems) return `${minItems} `;
  if (minItems !== undefined && minItems > 0) return `at least ${minItems} `;
  return maxItems === undefined ? '' : `at most ${maxItems} `;
}

function allowedBy(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const).replaceAll('"', '');
  if (schema.enum !== undefined) return schema.enum.map(String).join(' | ');
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return options.map(allowedBy).join(' or ');
  if (schema.type === 'array')
    return `a list of ${lengthWords(schema)}items, each ${allowedBy(schema.items ?? {})}`;
  return `${TYPE_WORDS[schema.type ?? ''] ?? 'any value'}${bounds(schema)}`;
}

/** What a schema allows, in words: `a whole number at least 1`, `mean | sum`. */
export function describeAllowed(schema: z.ZodType): string {
  return allowedBy(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }) as JsonSchema);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The readings of a text, in the order in which they are tried: itself (`null` is never meant as a text), JSON, a list with commas. */
function readings(text: string): readonly unknown[] {
  if (text === 'null') return [null, text];
  const list = parsedJson(`[${text}]`) ?? text.split(',').map((item) => item.trim());
  return [text, parsedJson(text), list].filter((reading) => reading !== undefined);
}

/** Reads a text as what the schema asks for; a text that fits no reading is left as it is, for the check to report. */
function readText(schema: z.ZodType, text: string): unknown {
  const fitting = readings(text).filter((reading) => schema.safeParse(reading).success);
  return fitting.length === 0 ? text : fitting[0];
}

/** The key as it was typed: `optimiser.rate`, of which only `optimiser` was looked up. */
function wholeKey(path: string, given: unknown): string {
  if (!isSettings(given)) return path;
  const [only, ...others] = Object.entries(given);
  return only === undefined || others.length > 0 ? path : wholeKey(`${path}.${only[0]}`, only[1]);
}

function lastPart(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}

/** The key that was probably meant: one that is spelled nearly so, or whose last part is (`steps` for `training.steps`). */
function closestKey(given: string, keys: readonly string[]): string | null {
  const near = (a: string, b: string): number => {
    const distance = editDistance(a.toLowerCase(), b.toLowerCase());
    return distance <= Math.max(2, b.length / 3) && distance < b.length ? distance : Infinity;
  };
  const ranked = keys
    .map((key) => ({ key, whole: near(given, key), last: near(lastPart(given), lastPart(key)) }))
    .map(({ key, whole, last }) => ({ key, best: Math.min(whole, last), whole }))
    .filter(({ best }) => best < Infinity)
    .sort((a, b) => a.best - b.best || a.whole - b.whole);
  return ranked[0]?.key ?? null;
}

/** The last part of a key, by which it is known where no other one of `keys` ends so; else all of it. */
export function shortName(key: string, keys: readonly string[]): string {
  const last = lastPart(key);
  return keys.filter((other) => lastPart(other) === last).length === 1 ? last : key;
}

/** All keys that a schema lets be set, dotted, behind a prefix such as `measure.`. */
export function settingKeys(schema: z.ZodObject, prefix = ''): readonly string[] {
  return dottedKeys(schema.shape, prefix);
}

/**
 * A layer from a command line with its keys written out: `lambda` stands for `training.lambda` where no other key ends so. A
 * key that is short for none is left for {@link resolveConfig} to report. Layers from elsewhere have their keys in full.
 *
 * @param all - every key that could be meant.
 * @throws UserError for a key that is short for several.
 */
export function withWholeKeys(all: readonly string[], layer: ConfigLayer): ConfigLayer {
  if (layer.isText !== true) return layer;
  const isKnown = (key: string) => all.some((known) => known === key || known.startsWith(`${key}.`));
  const wholeOf = (key: string): string => {
    const meant = isKnown(key) ? [] : all.filter((known) => known.endsWith(`.${key}`));
    if (meant.length > 1) {
      throw new UserError(
        `${key} (from ${layer.source}) is short for several settings: ${meant.join(', ')}.`,
        'Write out the one that is meant.',
      );
    }
    return meant[0] ?? key;
  };
  const entries = Object.entries(layer.values).map(([key, value]) => [wholeOf(key), value] as const);
  return { ...layer, values: Object.fromEntries(entries) };
}

/** The line for a key that is not known; the keys that are known are listed once for all such lines. */
function unknownKey(
  { path, source, all }: Place,
  known: readonly string[],
  earlier: readonly string[],
): string {
  const line = `${path}: unknown key (from ${source})`;
  const near = closestKey(path, all);
  if (near !== null) return `${line}; did you mean ${near}?`;
  const list = `known are ${known.join(', ')}`;
  return earlier.some((problem) => problem.includes(list)) ? line : `${line}; ${list}`;
}

function wrongValue(place: Place, given: unknown, schema: z.ZodType, reason = ''): string {
  const detail = reason === '' ? '' : `; ${reason}`;
  return `${place.path}: given ${JSON.stringify(given)} (from ${place.source}), allowed is ${describeAllowed(schema)}${detail}`;
}

/** One layer with texts read, nested as the schema is, and a line for every key or value that does not fit. */
function checkedLayer(
  fields: Fields,
  values: Settings,
  place: Place,
  isText: boolean,
  problems: string[],
): Settings {
  const result: Record<string, unknown> = {};
  for (const [key, given] of Object.entries(values)) {
    const path = place.path === '' ? key : `${place.path}.${key}`;
    const here = { ...place, path };
    const schema = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (schema === undefined) {
      const prefix = place.path === '' ? '' : `${place.path}.`;
      const whole = { ...here, path: wholeKey(path, given) };
      problems.push(unknownKey(whole, dottedKeys(fields, prefix), problems));
      continue;
    }
    const inner = fieldsOf(schema);
    if (inner !== null && isSettings(given)) {
      result[key] = checkedLayer(inner, given, here, isText, problems);
      continue;
    }
    const value = isText && typeof given === 'string' ? readText(schema, given) : given;
    const parsed = schema.safeParse(value);
    if (parsed.success) result[key] = value;
    else problems.push(wrongValue(here, given, schema, customReason(parsed.error)));
  }
  return result;
}

/** Messages of the schema's own rules (`refine`), which no type describes. */
function customReason(error: z.ZodError): string {
  return error.issues
    .filter(({ code }) => code === 'custom')
    .map(({ message }) => message)
    .join('; ');
}

function merged(below: Settings, above: Settings): Settings {
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = result[key];
    result[key] = isSettings(under) && isSettings(value) ? merged(under, value) : value;
  }
  return result;
}

/** `{ 'a.b': 1 }` as `{ a: { b: 1 } }`. */
function nested(values: Settings): Settings {
  return Object.entries(values).reduce<Settings>((result, [key, value]) => {
    const leaf = key.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), value);
    return merged(result, leaf as Settings);
  }, {});
}

/**
 * The configuration that the layers give: the schema's defaults, then each layer over those before it.
 *
 * @param schema A zod object; defaults stand in it.
 * @param layers From weak to strong, e.g. preset, profile, `-p` (see `parseOverrides`). Keys may be dotted.
 * @throws UserError with one line a problem: which key, what was given, what is allowed, the closest known key.
 */
export function resolveConfig<Schema extends z.ZodObject>(
  schema: Schema,
  ...layers: readonly ConfigLayer[]
): z.output<Schema> {
  const problems: string[] = [];
  const fields = schema.shape as Fields;
  const all = dottedKeys(fields);
  let settings: Settings = {};
  for (const given of layers) {
    const { source, values, isText = false } = withWholeKeys(all, given);
    const layer = checkedLayer(fields, nested(values), { path: '', source, all }, isText, problems);
    settings = merged(settings, layer);
  }
  if (problems.length === 0) {
    const parsed = schema.safeParse(settings);
    if (parsed.success) return parsed.data;
    problems.push(
      ...parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'configuration'}: ${message}`),
    );
  }
  throw new UserError(
    `The configuration has ${problems.length} problem(s):\n  ${problems.join('\n  ')}`,
    'Settings are given as -p key=value.',
  );
}

/**
 * The layer of `-p key=value` options, as given; a key given twice counts as given last.
 *
 * @throws UserError on an option without `=` or without a key.
 */
export function parseOverrides(options: readonly string[], source = '-p'): ConfigLayer {
  const values: Record<string, Json> = {};
  for (const option of options) {
    const at = option.indexOf('=');
    if (at < 1)
      throw new UserError(
        `"${option}" is no setting (from ${source}).`,
        'Write key=value, e.g. -p training.lambda=3',
      );
    values[option.slice(0, at).trim()] = option.slice(at + 1).trim();
  }
  return { source, values, isText: true };
}
