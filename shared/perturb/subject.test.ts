import { describe, expect, test } from "vitest";
import { toyCorpus, toyModel } from "../../test/support/toy-models.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { UnsupportedModelError } from "../onnx/error.ts";
import { cloneGraph, makeNode, type Graph } from "../onnx/graph.ts";
import { prepareSubject } from "./subject.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const corpus = toyCorpus("mlm", 4);
const toy = toyModel("mlm").graph;

function changed(change: (graph: Graph) => void): Graph {
  const graph = cloneGraph(toy);
  change(graph);
  return graph;
}

function prepare(graph: Graph, examples = corpus) {
  return prepareSubject(graph, runtime, examples);
}

describe("logits", () => {
  const hidden = toy.nodes.find(({ opType }) => opType === "LayerNormalization")!.output[0]!;
  const named = (...names: string[]) =>
    changed((graph) => {
      const [logits] = graph.nodes.at(-1)!.input;
      graph.nodes.pop();
      graph.outputs = names;
      names.forEach((name, i) => {
        const value = i === names.length - 1 ? logits! : hidden;
        graph.nodes.push(makeNode("Identity", [value], [name]));
      });
    });

  test.each([
    ["features", "logits"],
    ["features", "lm_head/logits"],
    ["hidden_states.0", "pooler_output", "scores"],
  ])("are found by the names that the export gives its outputs: %s, %s", async (...names) => {
    const subject = await prepare(named(...names));
    expect(subject).toMatchObject({ output: names.at(-1), vocabulary: 11, oneByOne: false });
    expect(subject.graph.outputs).toEqual([subject.logits]);
  });

  test("are refused where no name tells them, or they are something else", async () => {
    await expect(prepare(named("a", "b"))).rejects.toThrow(UnsupportedModelError);
    await expect(prepare(named("a", "b"))).rejects.toThrow(
      "The model has no output called logits, but 'a', 'b'.",
    );
    const pooled = changed((graph) => {
      graph.nodes.push(makeNode("Flatten", [graph.nodes.at(-1)!.input[0]!], ["flat"]));
      graph.nodes.at(-2)!.output = ["scores"];
      graph.nodes.at(-1)!.output = ["logits"];
    });
    await expect(prepare(pooled)).rejects.toThrow(
      /^Output '.+' has shape \[3, \d+\] for 3 examples of \d tokens; /,
    );
  });
});

describe("sizes that the graph is fixed to", () => {
  const fixedTo = (length: number) =>
    changed((graph) => {
      graph.inputs = graph.inputs.map((input) => ({ ...input, dims: ["batch", length] }));
    });

  test("shorter examples are padded", async () => {
    expect((await prepare(fixedTo(6))).inputs).toMatchObject({ fixedLength: 6, takesMask: true });
  });

  test("longer examples are refused", async () => {
    await expect(prepare(fixedTo(2))).rejects.toThrow(
      `The model is fixed to 2 tokens, but example 1 has ${corpus.examples[0]!.inputIds.length}.`,
    );
  });

  test.each([2 ** 17 + 1, 2 ** 40, 2 ** 60])(
    "%d tokens are refused before they are allocated",
    async (length) => {
      await expect(prepare(fixedTo(length))).rejects.toThrow(UnsupportedModelError);
      await expect(prepare(fixedTo(length))).rejects.toThrow(`The model is fixed to ${length} tokens`);
    },
  );
});

test("tokens that the model does not know are refused", async () => {
  await expect(prepare(toy, { ...corpus, largestId: 11 })).rejects.toThrow(
    "The corpus holds token 11, but the model knows tokens 0 to 10. Use the corpus of this model's own tokenizer.",
  );
});
