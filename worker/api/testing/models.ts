/** Models to upload: real ones of the zoo, and toys built in code. */
import { toyModel } from "../../../test/support/toy-models.ts";
import { cloneGraph } from "../../../shared/onnx/graph.ts";
import { constant } from "../../../shared/onnx/weights.ts";
import { writeModel } from "../../../shared/onnx/write.ts";
import { randomSource } from "../../../test/support/random.ts";

const ZOO = import.meta.glob<string>("../../../models/zoo/pcfg-mini/*.onnx", {
  query: "?url&inline",
  import: "default",
});

/** @param name without folder and `.onnx`. */
export async function zooModel(name: string): Promise<Uint8Array> {
  const load = ZOO[`../../../models/zoo/pcfg-mini/${name}.onnx`];
  if (!load) throw new Error(`There is no ${name} in the zoo`);
  const [, base64] = (await load()).split(",") as [string, string];
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Two seeds are two models of one shape: 11 words, 6 positions. */
export function toyFile(seed: number): Uint8Array {
  return writeModel(toyModel("mlm", seed).graph).graph;
}

/** The toy with a table of so many words, which makes it as large as one likes. */
export function largeToyFile(words: number, seed = 1): Uint8Array {
  const graph = cloneGraph(toyModel("mlm", seed).graph);
  const table = graph.initializers.get("words.weight")!;
  const width = Number(table.dims[1]);
  const random = randomSource(seed);
  const values = Float32Array.from({ length: words * width }, () => random() - 0.5);
  graph.initializers.set("words.weight", constant("words.weight", [words, width], values));
  return writeModel(graph).graph;
}
