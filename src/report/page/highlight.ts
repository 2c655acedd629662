import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import typescript from 'highlight.js/lib/languages/typescript';
import { escapeHtml } from './escape.js';

const LANGUAGES = {
  bash,
  sh: bash,
  json,
  python,
  typescript,
  ts: typescript,
  javascript: typescript,
  js: typescript,
};

for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

/** Code as highlighted, escaped HTML; a language that is not known is only escaped. */
export function highlight(code: string, language: string): string {
  if (!(language in LANGUAGES)) return escapeHtml(code);
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}
