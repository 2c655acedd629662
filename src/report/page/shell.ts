import { createHash } from 'node:crypto';
import { escapeHtml, scriptSafe } from './escape.js';
import { PAGE_STYLE } from './style.js';

/** One page, whole: nothing in it is loaded from anywhere. */
export interface PageInput {
  readonly title: string;
  readonly description: string;
  readonly body: string;
  /** Rules beside the shared style. */
  readonly style?: string;
  /** Scripts, inlined in this order. */
  readonly scripts?: readonly string[];
  /** Scripts that the page inserts itself later; the policy has to know them. */
  readonly laterScripts?: readonly string[];
  /** Data blocks by name, already safe to stand in a script element. */
  readonly packed?: Readonly<Record<string, string>>;
}

const FAVICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='6' fill='none' stroke='%230072B2' stroke-width='2'/%3E%3Ccircle cx='8' cy='2' r='2' fill='%23D55E00'/%3E%3C/svg%3E";

function hashSource(script: string): string {
  return `'sha256-${createHash('sha256').update(script, 'utf8').digest('base64')}'`;
}

/** Scripts run only if their hash is in the policy, and nothing may be fetched. */
function policy(scripts: readonly string[]): string {
  const scriptSource = scripts.length === 0 ? "'none'" : scripts.map(hashSource).join(' ');
  return `default-src 'none'; script-src ${scriptSource}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
}

/** The HTML document around a body. */
export function pageShell(input: PageInput): string {
  const scripts = (input.scripts ?? []).map(scriptSafe);
  const packed = Object.entries(input.packed ?? {}).map(
    ([name, data]) => `<script type="text/plain" data-packed="${escapeHtml(name)}">${data}</script>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy([...scripts, ...(input.laterScripts ?? [])])}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(input.title)}</title>
<meta name="description" content="${escapeHtml(input.description)}">
<link rel="icon" href="${FAVICON}">
<style>${PAGE_STYLE}${input.style ?? ''}</style>
</head>
<body>
${input.body}
${packed.join('\n')}
${scripts.map((script) => `<script>${script}</script>`).join('\n')}
</body>
</html>
`;
}
