/**
 * What a notebook shows and a report is made of: plain data, so that the same block is a chart in Jupyter and a figure
 * with its table, alt text and download in the report.
 */
import type { RunRecord } from '../runs/record.js';

/** A Vega-Lite specification, kept as plain JSON. */
export type VegaLiteSpec = Readonly<Record<string, unknown>>;

/** The verdict on a claim, computed from records and never typed in. */
export type Verdict = 'reproduced' | 'direction holds' | 'not reproduced' | 'not run';

/** One column of a table; `number` columns are aligned at the decimal point. */
export interface TableColumn {
  readonly key: string;
  readonly title: string;
  readonly kind: 'text' | 'number';
  /** Unit, shown in the header. */
  readonly unit?: string;
  /** `paper`: set in italics, as everywhere that the paper's numbers stand. */
  readonly source?: 'paper' | 'ours';
}

export type TableCell = string | number | null;

/** A table of numbers or texts. */
export interface TableBlock {
  readonly type: 'table';
  readonly title: string;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly Readonly<Record<string, TableCell>>[];
  /** Cells hold sentences: on a narrow screen each row becomes a list of them. */
  readonly stacked?: boolean;
  /** Says once what the uncertainties are, n, and what else a reader must know. */
  readonly caption?: string;
}

/** One panel of a figure. */
export interface Panel {
  /** Direct label above the panel; empty for a figure of one panel. */
  readonly title: string;
  readonly spec: VegaLiteSpec;
}

/** A figure: one chart or an arrangement of small multiples that wraps on narrow screens. */
export interface FigureBlock {
  readonly type: 'figure';
  /** Anchor and file name of the download, e.g. `fig3-trajectories`. */
  readonly id: string;
  /** What is seen, as a sentence: "CARE turns with the protein; SimCLR stays put". */
  readonly title: string;
  /** The paper's place, e.g. `Figure 3`. */
  readonly paperPlace?: string;
  readonly panels: readonly Panel[];
  /** Panels in a row on a wide screen, as in the paper; rows wrap on narrow ones. */
  readonly columns?: number;
  /** What the paper shows, what we see, and what differs. Markdown. */
  readonly paperShows?: string;
  readonly weSee?: string;
  readonly differs?: string;
  /** What the figure shows, for readers who cannot see it. */
  readonly alt: string;
  /** The numbers behind the figure: shown folded, and offered as a CSV download. */
  readonly data: TableBlock;
}

/** A claim of the paper, judged by records. */
export interface ClaimResult {
  readonly id: string;
  /** The claim as one sentence. */
  readonly claim: string;
  /** Figure, table or section of the paper. */
  readonly place: string;
  /** The paper's value, as text, or what it shows where it gives no number. */
  readonly paperValue: string;
  /** Ours with uncertainty, n and its kind, as text; `not run` where runs are missing. */
  readonly ours: string;
  /** Difference between the two compared quantities, as text. */
  readonly difference: string;
  readonly verdict: Verdict;
  /** Of a claim that is not reproduced: the interval lies wholly on the other side, so it does not only leave open. */
  readonly opposite?: boolean;
  /** Why this verdict: the test, the sizes compared, against which encoders it holds. */
  readonly because: string;
  /** Profile that our number came from. */
  readonly profile: string;
  /** Ids of the runs that decided it. */
  readonly runs: readonly string[];
}

export interface ClaimsBlock {
  readonly type: 'claims';
  readonly claims: readonly ClaimResult[];
}

/** A claim beside others of other experiments. */
export interface ReportedClaim extends ClaimResult {
  /** The experiment whose report has it. */
  readonly experiment: string;
  /** The report's file beside this one; absent where there is none. */
  readonly report?: string;
}

/** Something that the paper shows, or that was asked of it, with the claims that decide it. */
export interface ClaimGroup {
  readonly id: string;
  /** Figure, table or request. */
  readonly place: string;
  /** What is shown or asked there, as a sentence. */
  readonly shows: string;
  readonly claims: readonly ReportedClaim[];
}

/** All claims of all experiments, to be looked through by verdict. */
export interface ClaimIndexBlock {
  readonly type: 'claim-index';
  readonly sections: readonly { readonly title: string; readonly groups: readonly ClaimGroup[] }[];
}

/** The first screen of a report. */
export interface SummaryBlock {
  readonly type: 'summary';
  /** The experiment as a question. */
  readonly question: string;
  /** One sentence with the answer. */
  readonly answer: string;
  /** A warning that must stand in the first line, e.g. that the data were generated. */
  readonly warning?: string;
  readonly verdicts: readonly { readonly label: string; readonly verdict: Verdict; readonly claim: string }[];
  readonly hero: FigureBlock;
  /** Profile, data set and items, seeds, device, date, commit. */
  readonly facts: readonly { readonly label: string; readonly value: string }[];
}

/** Settings, paper and ours side by side; differences are marked. */
export interface SettingsBlock {
  readonly type: 'settings';
  readonly rows: readonly {
    readonly setting: string;
    readonly paper: string;
    readonly ours: string;
    readonly differs: boolean;
    /** True where the paper does not say: ours was chosen, and is neither the same nor different. */
    readonly open?: boolean;
    readonly why?: string;
  }[];
}

/** Runs, hashes, versions, hardware, time and memory. */
export interface ProvenanceBlock {
  readonly type: 'provenance';
  readonly records: readonly RunRecord[];
}

/** A paragraph that a cell computed, as Markdown. */
export interface ProseBlock {
  readonly type: 'prose';
  readonly markdown: string;
}

/** A small picture, whole inside the block. */
export interface Picture {
  /** A PNG as a data URL, at most 64 pixels wide and high: a page may hold a hundred of them. */
  readonly src: string;
  /** What is to be known of it, for readers who cannot see it. */
  readonly alt: string;
  /** Set apart by a frame; `markMeans` of the block says what that stands for. */
  readonly marked?: boolean;
}

/** One row of a gallery: what a method found, in columns of several pictures each. */
export interface PictureRow {
  readonly label: string;
  /** For each of the gallery's columns, the pictures in order. */
  readonly columns: readonly (readonly Picture[])[];
}

/** Pictures that belong to one query. */
export interface Gallery {
  readonly title: string;
  /** The query itself, each picture with its words. */
  readonly lead: readonly (Picture & { readonly caption: string })[];
  readonly columns: readonly string[];
  readonly rows: readonly PictureRow[];
}

/** Galleries of small pictures, such as queries with their neighbours, after the manner of a figure. */
export interface PicturesBlock {
  readonly type: 'pictures';
  readonly id: string;
  /** What is seen, as a sentence. */
  readonly title: string;
  readonly paperPlace?: string;
  readonly galleries: readonly Gallery[];
  /** What a framed picture is, e.g. `a neighbour of the query\u2019s class`. */
  readonly markMeans?: string;
  readonly paperShows?: string;
  readonly weSee?: string;
  readonly differs?: string;
  /** The numbers behind the pictures: shown folded, and offered as a CSV download. */
  readonly data: TableBlock;
}

export type Block =
  | TableBlock
  | FigureBlock
  | PicturesBlock
  | ClaimsBlock
  | ClaimIndexBlock
  | SummaryBlock
  | SettingsBlock
  | ProvenanceBlock
  | ProseBlock;

/** The mime type under which a notebook output carries its block beside the form that Jupyter shows. */
export const BLOCK_MIME = 'application/vnd.care.block+json';
