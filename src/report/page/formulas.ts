import type MarkdownIt from 'markdown-it';
import temml from 'temml';

/** Formulas of one page: kept aside while the HTML around them is sanitised, and put back afterwards. */
export interface FormulaStore {
  readonly keep: (tex: string, display: boolean) => string;
  readonly restore: (html: string) => string;
}

function toMathMl(tex: string, display: boolean): string {
  return temml.renderToString(tex, {
    displayMode: display,
    throwOnError: false,
    trust: false,
    maxExpand: 500,
  });
}

/** The placeholder is plain text between private-use characters, which no notebook can contain: they are removed first. */
const OPEN = '\uE000';
const CLOSE = '\uE001';

/** Removes the characters that placeholders are made of. */
export function withoutPlaceholders(text: string): string {
  return text.replaceAll(/[\uE000\uE001]/g, '');
}

/** A store for the formulas of one piece of Markdown. */
export function formulaStore(): FormulaStore {
  const formulas: string[] = [];
  return {
    keep: (tex, display) => {
      const math = toMathMl(tex, display);
      formulas.push(display ? `<span class="formula" tabindex="0">${math}</span>` : math);
      return `${OPEN}${formulas.length - 1}${CLOSE}`;
    },
    restore: (html) =>
      html.replaceAll(/\uE000(\d+)\uE001/g, (_, index: string) => formulas[Number(index)] ?? ''),
  };
}

interface Formula {
  readonly tex: string;
  readonly end: number;
  readonly display: boolean;
}

/** Finds `$...$` or `$$...$$` at `start`; the rules are Pandoc's, so that "$5 and $6" stays money. */
export function formulaAt(text: string, start: number): Formula | undefined {
  const display = text.startsWith('$$', start);
  const fence = display ? '$$' : '$';
  const from = start + fence.length;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text.startsWith(fence, at)) {
      const tex = text.slice(from, at);
      const spaced = /^\s|\s$/.test(tex);
      const digitAfter = /\d/.test(text[at + 1] ?? '');
      if (tex.trim() === '' || (!display && (spaced || digitAfter))) return undefined;
      return { tex: tex.trim(), end: at + fence.length, display };
    }
  }
  return undefined;
}

/** Teaches a Markdown parser formulas; `store` is looked up when a text is rendered. */
export function useFormulas(parser: MarkdownIt, store: () => FormulaStore): void {
  parser.inline.ruler.after('escape', 'formula', (state, silent) => {
    if (state.src[state.pos] !== '$') return false;
    const found = formulaAt(state.src, state.pos);
    if (!found) return false;
    if (!silent) {
      const token = state.push('formula', '', 0);
      token.content = found.tex;
      token.hidden = found.display;
    }
    state.pos = found.end;
    return true;
  });
  parser.renderer.rules.formula = (tokens, index) => {
    const token = tokens[index];
    return token ? store().keep(token.content, token.hidden) : '';
  };
}
