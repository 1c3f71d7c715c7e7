/** What models are measured on: a suite, or a corpus and options beside it. */
import type { Objective } from "../../shared/corpus/corpus.ts";
import { DEFAULT_MEASURES, selectMeasures } from "../../shared/measures/index.ts";
import { suiteConditionals } from "../../shared/suites/conditionals.ts";
import type { Suite } from "../../shared/suites/suite.ts";
import { readCorpus, type CorpusFile } from "./corpus-file.ts";
import { readSuite } from "./suite-source.ts";
import { UsageError } from "./usage-error.ts";

export interface MaterialOptions {
  readonly suite?: string;
  readonly corpus?: string;
  readonly objective?: Objective;
  readonly measures?: readonly string[];
  readonly directions?: number;
  readonly precision?: number;
  readonly seed?: number;
  readonly epsilon?: number;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

export interface Material {
  readonly corpus: CorpusFile;
  /** Null for a corpus alone. */
  readonly suite: Suite | null;
  readonly measures: readonly string[];
  readonly directions: number;
  readonly seed: number;
}

/** Directions that each example draws. */
const DIRECTIONS = 8;
/** The most that are drawn where a precision is the target. */
const MOST_DIRECTIONS = 1024;
const SEED = 1;
/** What a suite says itself: results of one suite are comparable only because nothing of this differs. */
const FIXED = [
  "corpus",
  "objective",
  "measures",
  "directions",
  "precision",
  "seed",
  "epsilon",
  "include",
  "exclude",
] as const;

/** @throws UsageError where options do not go together, before anything is read; UnknownMeasureError. */
export function assertMaterial(options: MaterialOptions): void {
  selectMeasures(options.measures ?? []);
  if (options.suite === undefined) {
    if (options.corpus === undefined) {
      throw new UsageError(
        "Say what to measure on: --suite SUITE, or --corpus FILE with --objective mlm|clm.",
      );
    }
    if (options.objective === undefined) {
      throw new UsageError("Say what the corpus's labels are: --objective mlm, or --objective clm.");
    }
    return;
  }
  const extra = FIXED.filter((name) => options[name] !== undefined).map((name) => `--${name}`);
  if (extra.length > 0) {
    throw new UsageError(
      `--suite fixes what ${extra.join(", ")} would set, so that results are comparable; leave ` +
        `${extra.length > 1 ? "them" : "it"} out, or give a corpus instead of a suite.`,
    );
  }
}

/** @throws what reading the corpus or the suite throws. */
export async function readMaterial(options: MaterialOptions): Promise<Material> {
  if (options.suite !== undefined) return suiteMaterial(options.suite);
  const { precision } = options;
  return {
    corpus: await readCorpus(options.corpus!, options.objective!),
    suite: null,
    measures: selectMeasures(options.measures ?? DEFAULT_MEASURES).map(({ id }) => id),
    directions: options.directions ?? (precision === undefined ? DIRECTIONS : MOST_DIRECTIONS),
    seed: options.seed ?? SEED,
  };
}

/** The suite as a corpus whose language is known, identified by the whole suite. */
export async function suiteMaterial(name: string): Promise<Material & { readonly suite: Suite }> {
  const { suite, text, sha256 } = await readSuite(name);
  const { id, measures, directions, seed } = suite.definition;
  const wantsExcess = selectMeasures(measures).some(({ forward }) => forward === "excess");
  const conditionals = wantsExcess ? suiteConditionals(suite) : null;
  return {
    corpus: {
      corpus: { ...suite.corpus, ...(conditionals && { conditionals }) },
      identity: { file: id, sha256, bytes: new TextEncoder().encode(text).byteLength },
    },
    suite,
    measures: selectMeasures(measures).map((measure) => measure.id),
    directions,
    seed,
  };
}
