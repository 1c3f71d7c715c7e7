/** What is typed and chosen besides files: kept for this tab, so that a page that is loaded again has it still. */
import { z } from "zod";
import { DEFAULT_MEASURES, MEASURES } from "../../../../shared/measures/index.ts";

const settingsSchema = z.object({
  on: z.enum(["suite", "corpus"]),
  /** Null: the first one of the board. */
  suite: z.string().nullable(),
  objective: z.enum(["mlm", "clm"]),
  /** Of a corpus; the loss is measured in any case. */
  measures: z.array(z.enum(MEASURES.map(({ id }) => id))),
  // As they were typed.
  directions: z.string(),
  seed: z.string(),
  batch: z.string(),
  device: z.enum(["wasm", "webgpu"]),
  perLayer: z.boolean(),
});

export type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** As on the command line. */
export const USUAL: Settings = {
  on: "suite",
  suite: null,
  objective: "mlm",
  measures: [...DEFAULT_MEASURES],
  directions: "8",
  seed: "1",
  batch: "32",
  device: "wasm",
  perLayer: false,
};

/** What is to be measured on a corpus of unknown language; the excess loss needs one that is known. */
export const ON_CORPORA = MEASURES.filter(({ forward }) => forward !== "excess");

/** The usual ones where nothing was kept, or nonsense. */
export function readSettings(kept: string | null): Settings {
  try {
    return kept === null ? USUAL : settingsSchema.parse(JSON.parse(kept));
  } catch {
    return USUAL;
  }
}

export interface Numbers {
  readonly directions: number;
  readonly seed: number;
  readonly batch: number;
}

/** What each may be. */
const RANGES: Readonly<Record<keyof Numbers, readonly [least: number, most: number]>> = {
  directions: [1, 1024],
  seed: [0, Number.MAX_SAFE_INTEGER],
  batch: [1, 65_536],
};

const LABELS: Readonly<Record<keyof Numbers, string>> = {
  directions: "The number of directions",
  seed: "The seed",
  batch: "The batch",
};

/** What is wrong with a number as it was typed; null where nothing is. */
export function numberFault(field: keyof Numbers, text: string): string | null {
  const [least, most] = RANGES[field];
  const value = Number(text.trim());
  if (/^\d+$/.test(text.trim()) && value >= least && value <= most) return null;
  return `${LABELS[field]} is a whole number from ${least}${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ""}.`;
}

/** The numbers, once none has a fault. */
export function numbersOf({ directions, seed, batch }: Settings): Numbers {
  return { directions: Number(directions), seed: Number(seed), batch: Number(batch) };
}
