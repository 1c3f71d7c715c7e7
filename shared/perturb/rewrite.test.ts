import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  TensorProtoSchema,
} from "onnx-buf";
import { expect, test } from "vitest";
import { toyCorpus, toyModel } from "../../test/support/toy-models.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { cloneGraph, copyNode, makeNode, type Graph, type Node } from "../onnx/graph.ts";
import { DataType } from "../onnx/weights.ts";
import { rankOne } from "./families/rank-one.ts";
import { Passes } from "./passes.ts";
import { selfCheck } from "./self-check.ts";
import { prepareSubject } from "./subject.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const corpus = toyCorpus("mlm", 4);

/** The graph with this node inside a branch that is always taken. */
function branched(original: Graph, wrapped: (node: Node) => boolean): Graph {
  const graph = cloneGraph(original);
  const rawData = Uint8Array.of(1);
  graph.initializers.set(
    "taken",
    create(TensorProtoSchema, { name: "taken", dataType: DataType.BOOL, rawData }),
  );
  graph.nodes = graph.nodes.map((node) => {
    if (!wrapped(node)) return node;
    const branch = (name: string) => {
      const output = `${name}/output`;
      const g = { name, node: [copyNode(node, { output: [output], name })], output: [{ name: output }] };
      return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g });
    };
    return makeNode("If", ["taken"], node.output, [branch("then_branch"), branch("else_branch")]);
  });
  return graph;
}

async function prepared(original: Graph) {
  const subject = await prepareSubject(original, runtime, corpus);
  const { objective, examples } = corpus;
  const options = { subject, runtime, family: rankOne, objective, examples, seed: 5 };
  return { subject, passes: new Passes(options), check: () => selfCheck({ ...options, original }) };
}

test.each(["head.bias", "layers.0.inner.bias"])(
  "%s, read in a branch alone, moves as a whole",
  async (name) => {
    const { graph } = toyModel("mlm");
    const plain = await prepared(graph);
    const inside = await prepared(branched(graph, ({ input }) => input.includes(name)));
    const { index } = plain.subject.parameters.find((parameter) => parameter.name === name)!;
    expect(inside.subject.parameters[index]!.name).toBe(name);
    expect(inside.passes.participation[index]).toMatchObject({ mode: "shared", structure: "full" });
    const lossAt = async ({ passes }: typeof plain, epsilon: number) =>
      (await passes.run([{ example: 1, direction: 2, only: index }], "single", epsilon)).loss[0]![0]!;
    const moved = await lossAt(inside, 0.5);
    expect(moved).toBeCloseTo(await lossAt(plain, 0.5), 5);
    expect(Math.abs(moved - (await lossAt(inside, 0)))).toBeGreaterThan(0.01);
    expect((await inside.check()).change).toBeGreaterThan(0.02);
    await plain.passes.dispose();
    await inside.passes.dispose();
  },
);
