import type { View } from 'vega';

/**
 * Vega compiles the expressions of a chart with `Function(...)`, which a strict content security policy forbids. So they
 * are collected while the static picture is drawn, written into the page's own script, and looked up there instead.
 * Nothing is evaluated in the reader's browser.
 */

type Context = { readonly functions?: object } | null | undefined;

interface Expression {
  readonly code: string;
}

interface Encoding {
  readonly marktype: string;
  readonly channels: Readonly<Record<string, Expression>>;
}

type Compiled = (...values: unknown[]) => unknown;
type Accessor = ((item: unknown) => unknown) & { path?: string };

/** Turns arguments and code into a function: by `Function` while rendering, by a table in the browser. */
export type Compile = (parameters: readonly string[], code: string) => Compiled;

/** What `new vega.View(..., { expr })` calls; one method for each kind of expression in a runtime dataflow. */
export interface ExpressionCompiler {
  operator(context: Context, expression: Expression): Compiled;
  parameter(context: Context, expression: Expression): Compiled;
  event(context: Context, expression: Expression): Compiled;
  handler(context: Context, expression: Expression): Compiled;
  encode(context: Context, encoding: Encoding): Compiled;
  readonly codegen: {
    get(path: readonly string[]): Accessor;
    comparator(fields: readonly Accessor[], orders: readonly number[]): (a: unknown, b: unknown) => number;
  };
}

/**
 * The compiler of expressions, shared by renderer and browser: its source text is inlined in the page, so it refers to
 * nothing outside itself.
 */
export function expressionCompiler(compile: Compile): ExpressionCompiler {
  const bound = (context: Context, parameters: readonly string[], code: string): Compiled => {
    const compiled = compile(parameters, code);
    const self = context?.functions;
    return self ? (...values): unknown => compiled.apply(self, values) : compiled;
  };
  const asReturn = (code: string): string => (code.endsWith(';') ? code : `return(${code});`);
  const order = (left: unknown, right: unknown): number => {
    const u = left instanceof Date ? Number(left) : (left as number | string | null | undefined);
    const v = right instanceof Date ? Number(right) : (right as number | string | null | undefined);
    if (u === v) return 0;
    if (u === null || u === undefined) return -1;
    if (v === null || v === undefined) return 1;
    if (u < v) return -1;
    if (u > v) return 1;
    // Not a number comes first, as in Vega's own comparator.
    return Number.isNaN(u) ? (Number.isNaN(v) ? 0 : -1) : 1;
  };
  return {
    operator: (context, expression) => bound(context, ['_'], asReturn(expression.code)),
    parameter: (context, expression) => bound(context, ['datum', '_'], asReturn(expression.code)),
    event: (context, expression) => bound(context, ['event'], asReturn(expression.code)),
    handler: (context, expression) =>
      bound(context, ['_', 'event'], `var datum=event.item&&event.item.datum;return ${expression.code};`),
    encode: (context, encoding) => {
      const { channels, marktype } = encoding;
      let code = 'var o=item,datum=o.datum,m=0,$;';
      for (const [name, channel] of Object.entries(channels)) {
        const target = `o[${JSON.stringify(name)}]`;
        code += `$=${channel.code};if(${target}!==$)${target}=$,m=1;`;
      }
      const swaps = marktype === 'group' || marktype === 'image' || marktype === 'rect';
      for (const [axis, size] of marktype === 'rule'
        ? []
        : (['x width', 'y height'].map((pair) => pair.split(' ')) as [string, string][])) {
        const second = `${axis}2`;
        if (second in channels && axis in channels) {
          if (swaps) code += `if(o.${axis}>o.${second})$=o.${axis},o.${axis}=o.${second},o.${second}=$;`;
          code += `o.${size}=o.${second}-o.${axis};`;
        } else if (second in channels) code += `o.${axis}=o.${second}-(o.${size}||0);`;
        if (`${axis}c` in channels) code += `o.${axis}=o.${axis}c-(o.${size}||0)/2;`;
      }
      return bound(context, ['item', '_'], `${code}return m;`);
    },
    codegen: {
      get: (path) => {
        const get: Accessor = (item) => {
          let value = item;
          for (const key of path) value = (value as Record<string, unknown>)[key];
          return value;
        };
        get.path = path.map((key) => `[${JSON.stringify(key)}]`).join('');
        return get;
      },
      comparator: (fields, orders) => (a, b) => {
        for (let i = 0; i < fields.length; i++) {
          const field = fields[i];
          const sign = order(field?.(a), field?.(b));
          if (sign !== 0) return sign * (orders[i] ?? 1);
        }
        return 0;
      },
    },
  };
}

/** Expressions of all charts of a page, each once. */
export interface ExpressionTable {
  readonly compiler: ExpressionCompiler;
  /** JavaScript array of the functions; the page finds each by its own source text. */
  readonly source: () => string;
}

/** A table that fills while charts are drawn with its `compiler`. */
export function expressionTable(): ExpressionTable {
  const seen = new Set<string>();
  const compile: Compile = (parameters, code) => {
    seen.add(`function(${parameters.join(',')}){${code}}`);
    // Same code that Vega itself would build; it comes from Vega's expression parser, never from a notebook's text.
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    return new Function(...parameters, code) as Compiled;
  };
  return { compiler: expressionCompiler(compile), source: () => `[${[...seen].join(',\n')}]` };
}

/** Options that make a view use the compiler; Vega's types do not list `expr`. */
export function withCompiler(
  compiler: ExpressionCompiler,
  options: ConstructorParameters<typeof View>[1],
): ConstructorParameters<typeof View>[1] {
  return Object.assign({ expr: compiler }, options);
}
