/** Text for an HTML text node or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** An id for anchors and file names: letters, digits and hyphens only. */
export function anchor(text: string): string {
  const plain = text
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return plain === '' ? 'section' : plain.slice(0, 60);
}

/** Gives every anchor of a page once: a repeated one gets a number. */
export function anchorRegistry(): (wanted: string) => string {
  const taken = new Map<string, number>();
  return (wanted) => {
    const base = anchor(wanted);
    const count = (taken.get(base) ?? 0) + 1;
    taken.set(base, count);
    return count === 1 ? base : anchorFree(taken, `${base}-${count}`);
  };
}

function anchorFree(taken: Map<string, number>, candidate: string): string {
  let free = candidate;
  while (taken.has(free)) free += '-b';
  taken.set(free, 1);
  return free;
}

/** Script text that cannot end its own `<script>` element. */
export function scriptSafe(code: string): string {
  return code.replaceAll(/<(?=\/script|!--)/gi, '<\\');
}
