/** Fields of one ATOM or HETATM line; everything but the place has a default. */
export interface AtomLine {
  readonly record?: 'ATOM' | 'HETATM';
  /** Four columns, e.g. ` CA ` (carbon) or `CA  ` (calcium). */
  readonly name?: string;
  readonly altLoc?: string;
  readonly residue?: string;
  readonly chain?: string;
  readonly number?: number;
  readonly insertion?: string;
  readonly at: readonly [number, number, number];
  readonly occupancy?: number | string;
  readonly element?: string;
}

/** One line in the columns of PDB format 3.3, written independently of the parser. */
export function atomLine(fields: AtomLine): string {
  const { record = 'ATOM', name = ' CA ', altLoc = ' ', residue = 'ALA', chain = 'A' } = fields;
  const { number = 1, insertion = ' ', at, occupancy = 1, element = name.trim().charAt(0) } = fields;
  const place = at.map((value) => value.toFixed(3).padStart(8)).join('');
  const share = typeof occupancy === 'number' ? occupancy.toFixed(2).padStart(6) : occupancy.padStart(6);
  const head = `${record.padEnd(6)}${'1'.padStart(5)} ${name}${altLoc}${residue.padStart(3)} ${chain}`;
  const tail = `${share}${'20.00'.padStart(6)}${' '.repeat(10)}${element.padStart(2)}  `;
  return `${head}${String(number).padStart(4)}${insertion}   ${place}${tail}`;
}

/** `n` residues with a C-alpha each, 3.8 A apart along x from `start`. */
export function straightChain(n: number, fields: Partial<AtomLine> = {}, start = 0): string[] {
  return Array.from({ length: n }, (_, i) =>
    atomLine({ number: 1 + i, ...fields, at: [3.8 * (start + i), 0, 0] }),
  );
}

/** N, CA, C, O of one residue at `offset` peptide units along x: C to the next N is 1.3 A. */
export function residueLines(offset: number, fields: Partial<AtomLine> = {}): string[] {
  const x = 3.8 * offset;
  const place: readonly (readonly [string, number, number])[] = [
    [' N  ', x - 1.2, 0],
    [' CA ', x, 0],
    [' C  ', x + 1.3, 0],
    [' O  ', x + 1.3, 1.2],
  ];
  return place.map(([name, at, y]) => atomLine({ ...fields, name, at: [at, y, 0] }));
}
