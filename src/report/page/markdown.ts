import MarkdownIt from 'markdown-it';
import sanitizeHtml from 'sanitize-html';
import { formulaStore, useFormulas, withoutPlaceholders } from './formulas.js';
import type { FormulaStore } from './formulas.js';
import { escapeHtml } from './escape.js';
import { highlight } from './highlight.js';

/** A heading that stands in the page's outline. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly id: string;
}

export interface MarkdownOptions {
  /** Level that `#` becomes, 1 if absent; nothing rises above `<h2>`, since the page has one `<h1>` of its own. */
  readonly topLevel?: number;
  /** Gives each heading its id; without it headings have none. */
  readonly anchors?: (text: string) => string;
  /** Called for every heading, in order. */
  readonly onHeading?: (heading: Heading) => void;
}

const TEXT_TAGS = [
  ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'br', 'hr', 'blockquote', 'pre', 'code', 'kbd', 'samp', 'var'],
  ...[
    'ul',
    'ol',
    'li',
    'dl',
    'dt',
    'dd',
    'a',
    'em',
    'strong',
    'b',
    'i',
    'u',
    's',
    'del',
    'ins',
    'sub',
    'sup',
  ],
  ...[
    'small',
    'mark',
    'abbr',
    'q',
    'cite',
    'span',
    'div',
    'details',
    'summary',
    'img',
    'figure',
    'figcaption',
  ],
  ...['table', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'caption', 'colgroup', 'col'],
];

const INLINE_IMAGE = /^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/i;

function imageTag(_tag: string, attributes: sanitizeHtml.Attributes): sanitizeHtml.Tag {
  const source = attributes['src'] ?? '';
  const alt = attributes['alt'] ?? '';
  if (INLINE_IMAGE.test(source)) return { tagName: 'img', attribs: { src: source, alt } };
  // A picture from elsewhere would be a network request when the report is opened.
  return {
    tagName: 'span',
    attribs: { class: 'left-out' },
    text: `[picture not included: ${alt || 'no description'}]`,
  };
}

const SANITIZE: sanitizeHtml.IOptions = {
  allowedTags: TEXT_TAGS,
  allowedAttributes: {
    a: ['href', 'title', 'rel'],
    img: ['src', 'alt'],
    th: ['colspan', 'rowspan', 'scope', 'align'],
    td: ['colspan', 'rowspan', 'align'],
    ol: ['start'],
    abbr: ['title'],
    ...Object.fromEntries(['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((tag) => [tag, ['id']])),
    code: ['class'],
    pre: ['class'],
    span: ['class'],
    div: ['class', 'tabindex'],
  },
  allowedClasses: {
    code: [/^hljs/, /^language-/],
    span: [/^hljs/, 'left-out'],
    pre: [/^hljs/],
    div: ['scroll'],
  },
  allowedSchemes: ['http', 'https', 'mailto'],
  allowedSchemesByTag: { img: ['data'] },
  allowProtocolRelative: false,
  disallowedTagsMode: 'discard',
  transformTags: {
    img: imageTag,
    h1: 'h2',
    a: sanitizeHtml.simpleTransform('a', { rel: 'noopener noreferrer' }),
  },
};

/** HTML from outside, reduced to text, tables, links and inlined pictures: nothing runs and nothing is fetched. */
export function cleanHtml(html: string): string {
  return sanitizeHtml(html, SANITIZE);
}

let currentStore: FormulaStore = formulaStore();
let currentOptions: MarkdownOptions = {};

function buildParser(): MarkdownIt {
  const parser = new MarkdownIt({ html: true, linkify: false, typographer: true, highlight });
  useFormulas(parser, () => currentStore);
  parser.renderer.rules.text = (tokens, index) => withSubscripts(escapeHtml(tokens[index]?.content ?? ''));
  parser.renderer.rules.heading_open = (tokens, index) => {
    const token = tokens[index];
    const text = tokens[index + 1]?.content ?? '';
    const level = outlineLevel(token?.tag ?? 'h2');
    const plain = text.replaceAll(/[*_`$\\]/g, '');
    const id = currentOptions.anchors?.(plain);
    if (id !== undefined) currentOptions.onHeading?.({ level, text: plain, id });
    return `<h${level}${id === undefined ? '' : ` id="${escapeHtml(id)}"`}>`;
  };
  parser.renderer.rules.heading_close = (tokens, index) =>
    `</h${outlineLevel(tokens[index]?.tag ?? 'h2')}>\n`;
  parser.renderer.rules.table_open = () => '<div class="scroll" tabindex="0"><table>';
  parser.renderer.rules.table_close = () => '</table></div>';
  return parser;
}

/** The names of losses and measures as plain text writes them, `L_unif`, with a real subscript. */
export function withSubscripts(html: string): string {
  return html.replaceAll(/(?<![\w$])([LW\u03b3])_(unif|equi|inv|f)(?!\w)/g, '<i>$1</i><sub>$2</sub>');
}

function outlineLevel(tag: string): number {
  const own = Number(tag.slice(1));
  return Math.min(6, Math.max(2, own - 1 + (currentOptions.topLevel ?? 1)));
}

const PARSER = buildParser();

/** Markdown to HTML that is safe to inline: formulas as MathML, inline HTML sanitised, code highlighted. */
export function renderMarkdown(markdown: string, options: MarkdownOptions = {}): string {
  return render(options, () => PARSER.render(withoutPlaceholders(markdown)));
}

/** The same for one line, without a paragraph around it. */
export function renderInline(markdown: string): string {
  return render({}, () => PARSER.renderInline(withoutPlaceholders(markdown)));
}

/** The parser calls back into this module while it renders, synchronously; hence the two variables. */
function render(options: MarkdownOptions, run: () => string): string {
  const store = formulaStore();
  currentStore = store;
  currentOptions = options;
  return store.restore(cleanHtml(run()));
}
