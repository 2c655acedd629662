/** Breaks a name of an axis into lines of at most `limit` characters, at spaces; a longer word stays whole. */
export function wrapWords(text: string, limit: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= limit) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Characters of an axis name that fit a chart of this many pixels, room for the rows' names taken off. */
export function titleLimit(width: number, longestName = 0): number {
  return Math.max(24, Math.floor((width - Math.max(100, 7.2 * longestName)) / 6.4));
}
