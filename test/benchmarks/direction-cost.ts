/** One direction for 32 examples against two forward passes over them, in turn. */
import type { Corpus } from "../../shared/corpus/corpus.ts";
import { readModel } from "../../shared/onnx/read.ts";
import { bytesSource } from "../../shared/onnx/source.ts";
import { rankOne } from "../../shared/perturb/families/rank-one.ts";
import { scaled } from "../../shared/perturb/families/scaled.ts";
import { Passes } from "../../shared/perturb/passes.ts";
import { prepareSubject } from "../../shared/perturb/subject.ts";
import type { Runtime } from "../../shared/runtime.ts";
import { randomSource } from "../support/random.ts";
import { median } from "./table.ts";

const EXAMPLES = 32;
const LENGTH = 32;
const VOCABULARY = 200;

/** One masked token an example, as in the paper. */
export function maskedCorpus(examples: number, length: number, vocabulary: number): Corpus {
  const random = randomSource(3);
  const integer = (below: number) => Math.floor(random() * below);
  return {
    objective: "mlm",
    examples: Array.from({ length: examples }, () => {
      const masked = integer(length);
      return {
        inputIds: Array.from({ length }, () => integer(vocabulary)),
        labels: Array.from({ length }, (_, t) => (t === masked ? integer(vocabulary) : -100)),
      };
    }),
    largestId: vocabulary - 1,
    labelledTokens: examples,
  };
}

/** A row of the table: medians in milliseconds, and the medians of the ratios of neighbouring runs. */
export async function directionCost(
  name: string,
  runtime: Runtime,
  bytes: Uint8Array,
  repeats: number,
): Promise<(string | number)[]> {
  const corpus = maskedCorpus(EXAMPLES, LENGTH, VOCABULARY);
  const subject = await prepareSubject(
    await readModel({ ...bytesSource(bytes), contents: bytes }),
    runtime,
    corpus,
  );
  const common = { subject, runtime, objective: corpus.objective, examples: corpus.examples, seed: 1 };
  const kinds = {
    // The same graph without any perturbation, labelled rows gathered before the head: the hardest baseline.
    plain: new Passes({ ...common, family: rankOne, include: () => false }),
    rankOne: new Passes({ ...common, family: rankOne }),
    scaled: new Passes({ ...common, family: scaled }),
  };
  const pairs = corpus.examples.map((_, example) => ({ example, direction: 0 }));
  const times = { plain: [] as number[], rankOne: [] as number[], scaled: [] as number[] };
  for (let repeat = -1; repeat < repeats; repeat++) {
    for (const kind of ["plain", "rankOne", "scaled"] as const) {
      const start = performance.now();
      await kinds[kind].run(pairs, "central", 2 ** -10);
      // The first round only warms up.
      if (repeat >= 0) times[kind].push(performance.now() - start);
    }
  }
  for (const passes of Object.values(kinds)) await passes.dispose();
  const ratio = (kind: "rankOne" | "scaled") => median(times[kind].map((time, i) => time / times.plain[i]!));
  return [
    name,
    median(times.plain),
    median(times.rankOne),
    ratio("rankOne"),
    median(times.scaled),
    ratio("scaled"),
  ];
}
