/** How the examples of a suite's corpus are put together: what paired comparisons must know besides values. */
import { targetsOf, type Objective } from "../../../../shared/corpus/corpus.ts";
import { parseExample } from "../../../../shared/corpus/parse.ts";
import type { ExampleDesign } from "../../../../shared/statistics/index.ts";

export interface CorpusDesign extends ExampleDesign {
  /** Labelled tokens by example. */
  readonly weights: readonly number[];
}

/** @param text a suite file that was published: examples without labelled tokens are left out, as they are of corpora. */
export function corpusDesign(text: string, objective: Objective): CorpusDesign {
  const { corpus } = JSON.parse(text) as { readonly corpus: readonly unknown[] };
  const examples = corpus.flatMap((record, i) => {
    const example = parseExample(record, `corpus[${i}]`);
    const tokens = targetsOf(example, objective).length;
    return tokens === 0 ? [] : [{ tokens, group: example.group }];
  });
  const grouped = examples.some(({ group }) => group !== undefined);
  return {
    weights: examples.map(({ tokens }) => tokens),
    ...(grouped && { groups: examples.map(({ group }) => group) }),
  };
}
