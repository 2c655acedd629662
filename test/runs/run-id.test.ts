import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, hashJson } from '../../src/runs/canonical-json.js';
import type { Json } from '../../src/runs/record.js';
import { RUN_ID, runId } from '../../src/runs/run-id.js';

const identity = {
  experiment: 'protein',
  config: { b: 1, a: [true, null] },
  dataHash: 'd',
  trainingHash: 't',
};

describe('canonicalJson', () => {
  it('sorts the keys of objects, not the items of lists', () => {
    expect(canonicalJson({ b: [2, 1], a: { d: 'ä"', c: -0 } })).toBe('{"a":{"c":0,"d":"ä\\""},"b":[2,1]}');
  });

  it('is JSON of the same value, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reversed(value as Json))).toBe(text);
      }),
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['NaN', { a: { b: [1, NaN] } }, /^\$\.a\.b\[1\] is NaN/],
    ['infinity', [Infinity], /\$\[0\] is Infinity/],
    ['undefined', { a: undefined }, /\$\.a is undefined, not plain JSON/],
    ['a hole in a list', new Array(1), /\$\[0\] is undefined/],
    ['a function', { f: () => 0 }, /\$\.f is function/],
    ['a date', { at: new Date() }, /\$\.at is a class instance/],
    ['a typed array', new Float32Array(2), /\$ is a class instance/],
  ])('rejects %s and says where', (_, value, message) => {
    expect(() => canonicalJson(value)).toThrow(message);
  });
});

function reversed(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

describe('runId', () => {
  it('is the beginning of the sha256 of the canonical JSON', () => {
    const text =
      '{"config":{"a":[true,null],"b":1},"dataHash":"d","experiment":"protein","trainingHash":"t"}';
    const sha256 = createHash('sha256').update(text).digest('hex');
    expect(runId(identity)).toBe(sha256.slice(0, 12));
    expect(runId(identity)).toMatch(RUN_ID);
    expect(hashJson({ x: 1 })).toBe(createHash('sha256').update('{"x":1}').digest('hex'));
  });

  it('changes with each part and not with the order of keys', () => {
    const others = [
      { ...identity, experiment: 'images' },
      { ...identity, config: { b: 1, a: [null, true] } },
      { ...identity, dataHash: 'e' },
      { ...identity, trainingHash: 'u' },
    ];
    expect(new Set([identity, ...others].map(runId)).size).toBe(5);
    expect(runId({ ...identity, config: { a: [true, null], b: 1 } })).toBe(runId(identity));
  });

  it('rejects a configuration that JSON cannot hold', () => {
    expect(() => runId({ ...identity, config: { lambda: NaN } })).toThrow(/\$\.config\.lambda is NaN/);
  });
});
