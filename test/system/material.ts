/** What the tests evaluate: models and suites of the real kind that take seconds. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { formatSuite } from "../../shared/suites/suite-file.ts";
import { cloneGraph } from "../../shared/onnx/graph.ts";
import { constant } from "../../shared/onnx/weights.ts";
import { writeModel } from "../../shared/onnx/write.ts";
import { smallSuite } from "../support/small-suite.ts";
import { toyModel } from "../support/toy-models.ts";
import { toySuite } from "../support/toy-suite.ts";

export interface Material {
  readonly suite: { readonly id: string; readonly text: string };
  readonly file: string;
  readonly model: Uint8Array;
}

/** A trained checkpoint on a small corpus of its language. */
export function zooMaterial(name = "adamw-d32-s1-step-9000"): Material {
  const file = `${name}.onnx`;
  const model = readFileSync(new URL(`../../models/zoo/pcfg-mini/${file}`, import.meta.url));
  return { suite: textOf(smallSuite()), file, model };
}

/** A model of a few hundred weights; another seed is another model, and another suite. */
export function toyMaterial(seed = 1): Material {
  const suite = toySuite("mlm", { examples: 40 });
  // One of each kind.
  const tasks = suite.tasks.filter(({ id }) => ["second", "pairs", "choice"].includes(id));
  const model = writeModel(toyModel("mlm", seed).graph).graph;
  const definition = { ...suite.definition, id: `toy-${seed}@1` };
  return { suite: textOf({ ...suite, definition, tasks }), file: `toy-${seed}.onnx`, model };
}

/** The toys' suite, as short as can be. */
export function tinySuite(): Material["suite"] {
  const suite = toySuite("mlm", { examples: 12 });
  return textOf({ ...suite, definition: { ...suite.definition, id: "tiny@1" }, tasks: [] });
}

/** The toy with a table so long that the file has at least so many bytes. */
export function largeToy(bytes: number): Uint8Array {
  const graph = cloneGraph(toyModel("mlm").graph);
  const width = Number(graph.initializers.get("words.weight")!.dims[1]);
  const words = Math.ceil(bytes / (4 * width));
  const values = Float32Array.from({ length: words * width }, (_, i) => Math.sin(i));
  graph.initializers.set("words.weight", constant("words.weight", [words, width], values));
  return writeModel(graph).graph;
}

function textOf(suite: Parameters<typeof formatSuite>[0]): Material["suite"] {
  return { id: suite.definition.id, text: formatSuite(suite) };
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
