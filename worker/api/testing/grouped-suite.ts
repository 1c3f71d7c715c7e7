/** A suite whose examples differ in length and come in groups, and results that differ by known amounts: synthetic. */
import { encodeFloats } from "../../../shared/evaluate/float-list.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import { formatSuite, parseSuite } from "../../../shared/suites/suite-file.ts";
import { normalSource } from "../../../test/support/random.ts";
import { hex, sha256 } from "../random.ts";
import { suiteText, syntheticResult, type SyntheticResult } from "./small-suite.ts";

const EXAMPLES = 48;
const PAIRS = 30;

/** Examples of one to three labelled tokens, of documents of four. */
export const DESIGN = {
  weights: Array.from({ length: EXAMPLES }, (_, i) => 1 + (i % 3)),
  groups: Array.from({ length: EXAMPLES }, (_, i) => (i < 8 ? undefined : `document ${Math.floor(i / 4)}`)),
};

/** In the form in which it is stored. */
export function groupedSuite(id: string): string {
  const file = JSON.parse(suiteText(id)) as { corpus: object[]; tasks: { pairs: object[] }[] };
  file.corpus = DESIGN.weights.map((tokens, i) => ({
    input_ids: [2, 3, 4, 5],
    labels: [2, 3, 4, 5].map((token, t) => (t < tokens ? token : -100)),
    ...(DESIGN.groups[i] !== undefined && { group: DESIGN.groups[i] }),
  }));
  // Left out of every corpus, having no labels.
  file.corpus.splice(3, 0, { input_ids: [2], labels: [-100] });
  file.tasks[1]!.pairs = Array.from({ length: PAIRS }, () => ({ good: [2, 3], bad: [3, 2] }));
  return formatSuite(parseSuite(JSON.stringify(file)));
}

const normal = normalSource(5);
const common = DESIGN.weights.map((weight) => weight * (2 + normal()));

export interface Quality extends Pick<SyntheticResult, "run" | "family" | "step"> {
  readonly model: number;
  /** What it is worse by, on average. */
  readonly shift: number;
  readonly vectors?: boolean;
}

export async function resultOf(suite: string, { shift, vectors = true, ...card }: Quality): Promise<Result> {
  const result = await syntheticResult({ suite, name: `model ${card.model}`, ...card });
  const total = DESIGN.weights.reduce((sum, weight) => sum + weight, 0);
  const loss = common.map((value, i) => value + DESIGN.weights[i]! * (shift + 0.05 * normal()));
  const trace = common.map((value) => 10 * value + 30 * normal() + shift);
  const margins = Array.from({ length: PAIRS }, () => normal() + 0.5 - shift);
  const measure = (values: number[]) => ({
    value: values.reduce((sum, value) => sum + value, 0) / total,
    standardError: 0.3,
    unit: "nats/token",
  });
  return {
    ...result,
    corpus: {
      ...{ sha256: hex(await sha256(suite)), objective: "mlm", examples: EXAMPLES, labelledTokens: total },
    },
    measures: {
      loss: measure(loss),
      "fisher-trace": measure(trace),
      "hessian-trace": { value: null, reason: "none" },
    },
    zeroShot: {
      pairs: {
        accuracy: { value: margins.filter((margin) => margin > 0).length / PAIRS, standardError: 0.05 },
        ...{ chance: 0.5, margins: encodeFloats(margins) },
      },
    },
    perExample: vectors ? { loss: encodeFloats(loss), "fisher-trace": encodeFloats(trace) } : {},
    receipt: { ...result.receipt, corpus: { ...result.receipt.corpus, sha256: hex(await sha256(suite)) } },
  };
}
