/** A pre-LN encoder of any size with random weights, as the bytes of one ONNX file. */
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { Builder } from "../../shared/onnx/build.ts";
import { attribute, makeNode, type Graph } from "../../shared/onnx/graph.ts";
import { constant, DataType } from "../../shared/onnx/weights.ts";
import { randomSource } from "./random.ts";

export interface TransformerShape {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly vocabulary: number;
  readonly positions: number;
}

export interface Transformer {
  readonly bytes: Uint8Array;
  readonly parameters: number;
}

/** Inputs `input_ids` and `attention_mask`, output `logits`; the weights are inside. */
export function transformer(shape: TransformerShape, seed = 1): Transformer {
  const { layers, width, heads, vocabulary, positions } = shape;
  const random = randomSource(seed);
  const graph: Graph = {
    opset: 17,
    irVersion: 8,
    producer: "plateau test",
    inputs: [],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    sources: new Map(),
  };
  const builder = new Builder(graph, "b:");
  let parameters = 0;
  const weight = (name: string, dims: number[], scale: number, mean = 0) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    parameters += count;
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = mean + scale * (2 * random() - 1);
    graph.initializers.set(name, constant(name, dims, values));
    return name;
  };
  const linear = (name: string, x: string, from: number, to: number) =>
    builder.op("Add", [
      builder.op("MatMul", [x, weight(`${name}.weight`, [from, to], Math.sqrt(3 / from))]),
      weight(`${name}.bias`, [to], 0.02),
    ]);
  const norm = (name: string, x: string) =>
    builder.op(
      "LayerNormalization",
      [x, weight(`${name}.weight`, [width], 0.1, 1), weight(`${name}.bias`, [width], 0.02)],
      [attribute("axis", -1)],
    );
  const split = (x: string) =>
    builder.transpose(builder.reshape(x, [0, -1, heads, width / heads]), [0, 2, 1, 3]);

  const length = builder.gather(builder.op("Shape", ["input_ids"]), builder.ints(1), 0);
  const order = builder.op("Range", [builder.ints(0), length, builder.ints(1)]);
  const words = builder.gather(weight("words.weight", [vocabulary, width], 0.1), "input_ids", 0);
  let x = builder.op("Add", [
    words,
    builder.gather(weight("positions.weight", [positions, width], 0.1), order, 0),
  ]);
  const open = builder.cast(builder.reshape("attention_mask", [0, 1, 1, -1]), DataType.FLOAT);
  const mask = builder.op("Mul", [builder.op("Sub", [builder.float(1), open]), builder.float(-1e9)]);
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `layers.${layer}.${part}`;
    const h = norm(name("norm1"), x);
    const [q, k, v] = ["query", "key", "value"].map((part) => split(linear(name(part), h, width, width)));
    const scores = builder.op("MatMul", [q!, builder.transpose(k!, [0, 1, 3, 2])]);
    const scaled = builder.op("Mul", [scores, builder.float(1 / Math.sqrt(width / heads))]);
    const weights = builder.op("Softmax", [builder.op("Add", [scaled, mask])], [attribute("axis", -1)]);
    const mixed = builder.transpose(builder.op("MatMul", [weights, v!]), [0, 2, 1, 3]);
    x = builder.op("Add", [x, linear(name("output"), builder.reshape(mixed, [0, -1, width]), width, width)]);
    const inner = linear(name("inner"), norm(name("norm2"), x), width, 4 * width);
    x = builder.op("Add", [x, linear(name("outer"), builder.contrib("Gelu", [inner]), 4 * width, width)]);
  }
  const logits = linear("head", norm("norm", x), width, vocabulary);
  const input = (name: string) => ({
    name,
    type: {
      value: {
        case: "tensorType" as const,
        value: {
          elemType: DataType.INT64,
          shape: {
            dim: ["batch", "sequence"].map((axis) => ({ value: { case: "dimParam" as const, value: axis } })),
          },
        },
      },
    },
  });
  const proto = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: graph.producer,
    opsetImport: [
      { domain: "", version: 17n },
      { domain: "com.microsoft", version: 1n },
    ],
    graph: {
      name: "transformer",
      node: [...builder.nodes, makeNode("Identity", [logits], ["logits"])],
      initializer: [...graph.initializers].map(([name, tensor]) => Object.assign(tensor, { name })),
      input: [input("input_ids"), input("attention_mask")],
      output: [{ name: "logits" }],
    },
  });
  return { bytes: toBinary(ModelProtoSchema, proto), parameters };
}
