/**
 * Tiny transformers built node by node, in single precision with constants as weights (what Plateau gets to see) or in
 * double precision with weights as inputs (what brute force differentiates).
 */
import { Builder } from "../../shared/onnx/build.ts";
import { attribute, makeNode, type Graph } from "../../shared/onnx/graph.ts";
import { constant, DataType } from "../../shared/onnx/weights.ts";
import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  TensorProtoSchema,
  type AttributeProto,
  type TensorProto,
} from "onnx-buf";
import type { Corpus, Example, Objective } from "../../shared/corpus/corpus.ts";
import { IGNORED, targetsOf } from "../../shared/corpus/corpus.ts";
import { normalSource, randomSource } from "./random.ts";

export interface Weight {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

export interface ToyModel {
  readonly objective: Objective;
  readonly vocabulary: number;
  /** Every weight is a constant, in float32. */
  readonly graph: Graph;
  /** Every weight is a graph input, in float64. */
  readonly exact: Graph;
  readonly weights: readonly Weight[];
}

const VOCABULARY = 11;
const POSITIONS = 6;
const WIDTH = 6;
const HEADS = 2;
const INNER = 8;

type Precision = "single" | "double";

/** Emits the nodes of a model; both precisions run the same code. */
class Emitter {
  readonly graph: Graph;
  readonly builder: Builder;
  readonly weights: Weight[] = [];
  private readonly precision: Precision;
  private readonly normal: () => number;

  constructor(precision: Precision, seed: number) {
    this.precision = precision;
    this.normal = normalSource(seed);
    this.graph = {
      opset: 17,
      irVersion: 8,
      producer: "test",
      inputs: [
        { name: "input_ids", elementType: DataType.INT64, dims: ["batch", "sequence"] },
        { name: "attention_mask", elementType: DataType.INT64, dims: ["batch", "sequence"] },
      ],
      outputs: ["logits"],
      nodes: [],
      initializers: new Map(),
      sources: new Map(),
    };
    this.builder = new Builder(this.graph, "t:");
  }

  get elementType(): number {
    return this.precision === "single" ? DataType.FLOAT : DataType.DOUBLE;
  }

  /** A trainable weight: normal around `mean`. */
  weight(name: string, dims: readonly number[], scale: number, mean = 0): string {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const values = Float32Array.from({ length: count }, () => mean + scale * this.normal());
    this.weights.push({ name, dims, values });
    if (this.precision === "single") this.graph.initializers.set(name, constant(name, dims, values));
    else this.graph.inputs.push({ name, elementType: DataType.DOUBLE, dims });
    return name;
  }

  number(value: number): string {
    const name = `n:${value}`;
    const tensor: TensorProto =
      this.precision === "single"
        ? constant(name, [], Float32Array.of(value))
        : create(TensorProtoSchema, { name, dataType: DataType.DOUBLE, doubleData: [value] });
    this.graph.initializers.set(name, tensor);
    return name;
  }

  op(opType: string, ...inputs: string[]): string {
    return this.builder.op(opType, inputs);
  }

  linear(name: string, x: string, from: number, to: number, scale = 0.5): string {
    const product = this.op("MatMul", x, this.weight(`${name}.weight`, [from, to], scale));
    return this.op("Add", this.weight(`${name}.bias`, [to], 0.2), product);
  }

  layerNorm(name: string, x: string): string {
    const [scale, bias] = [
      this.weight(`${name}.weight`, [WIDTH], 0.2, 1),
      this.weight(`${name}.bias`, [WIDTH], 0.2),
    ];
    return this.builder.op("LayerNormalization", [x, scale, bias], [attribute("axis", -1)]);
  }

  /** RMSNorm taken apart, with the weight as first operand, as exporters write it. */
  rmsNorm(name: string, x: string): string {
    const squares = this.builder.reduceMean(this.op("Mul", x, x), -1, true);
    const deviation = this.op("Sqrt", this.op("Add", squares, this.number(1e-5)));
    return this.op("Mul", this.weight(`${name}.weight`, [WIDTH], 0.2, 1), this.op("Div", x, deviation));
  }

  gelu(x: string): string {
    const cube = this.op("Mul", this.op("Mul", x, x), x);
    const inner = this.op(
      "Mul",
      this.op("Add", x, this.op("Mul", cube, this.number(0.044715))),
      this.number(0.7978845608),
    );
    return this.op(
      "Mul",
      this.op("Mul", x, this.number(0.5)),
      this.op("Add", this.op("Tanh", inner), this.number(1)),
    );
  }

  heads(x: string): string {
    return this.builder.transpose(this.builder.reshape(x, [0, -1, HEADS, WIDTH / HEADS]), [0, 2, 1, 3]);
  }

  /** softmax(q kᵀ/√d + bias) v, heads joined again. */
  attention(q: string, k: string, v: string, bias: string): string {
    const { builder } = this;
    const scores = this.op("MatMul", this.heads(q), builder.transpose(this.heads(k), [0, 1, 3, 2]));
    const scaled = this.op("Add", this.op("Mul", scores, this.number(1 / Math.sqrt(WIDTH / HEADS))), bias);
    const mixed = this.op("MatMul", builder.op("Softmax", [scaled], [attribute("axis", -1)]), this.heads(v));
    return builder.reshape(builder.transpose(mixed, [0, 2, 1, 3]), [0, -1, WIDTH]);
  }

  positions(): string {
    const length = this.builder.gather(this.op("Shape", "input_ids"), this.builder.ints(1), 0);
    return this.op("Range", this.builder.ints(0), length, this.builder.ints(1));
  }

  /** 0 where attention may look, −10⁹ elsewhere. */
  closed(open: string): string {
    return this.op(
      "Mul",
      this.op("Sub", this.number(1), this.builder.cast(open, this.elementType)),
      this.number(-1e9),
    );
  }

  finish(logits: string): { graph: Graph; weights: Weight[] } {
    this.graph.nodes = [...this.builder.nodes, makeNode("Identity", [logits], ["logits"])];
    return { graph: this.graph, weights: this.weights };
  }
}

/** An encoder with one product written so that no operator knows it: its weight can only move as a whole. */
function encoderWithEinsum(e: Emitter): string {
  return encoder(e, (name, x, from, to) => {
    const weight = e.weight(`${name}.weight`, [from, to], 0.5);
    const node = makeNode(
      "Einsum",
      [x, weight],
      [`${name}/einsum`],
      [textAttribute("equation", "btd,de->bte")],
    );
    e.builder.nodes.push(node);
    return e.op("Add", `${name}/einsum`, e.weight(`${name}.bias`, [to], 0.2));
  });
}

type Linear = (name: string, x: string, from: number, to: number) => string;

function textAttribute(name: string, text: string): AttributeProto {
  return create(AttributeProtoSchema, {
    name,
    type: AttributeType.STRING,
    s: Uint8Array.from(text, (letter) => letter.charCodeAt(0)),
  });
}

/** Pre-LN encoder, attention mask, untied head. */
function encoder(
  e: Emitter,
  innerLinear: Linear = (name, x, from, to) => e.linear(name, x, from, to),
  head: (x: string, words: string) => string = (x) => e.linear("head", x, WIDTH, VOCABULARY, 1.5),
): string {
  const { builder } = e;
  const table = e.weight("words.weight", [VOCABULARY, WIDTH], 0.7);
  const words = builder.gather(table, "input_ids", 0);
  const positions = builder.gather(e.weight("positions.weight", [POSITIONS, WIDTH], 0.4), e.positions(), 0);
  let x = e.op("Add", words, positions);
  const bias = e.closed(builder.reshape("attention_mask", [0, 1, 1, -1]));
  const h = e.layerNorm("layers.0.norm1", x);
  const [q, k, v] = ["query", "key", "value"].map((part) => e.linear(`layers.0.${part}`, h, WIDTH, WIDTH));
  x = e.op("Add", x, e.linear("layers.0.output", e.attention(q!, k!, v!, bias), WIDTH, WIDTH));
  const inner = e.gelu(innerLinear("layers.0.inner", e.layerNorm("layers.0.norm2", x), WIDTH, INNER));
  x = e.op("Add", x, e.linear("layers.0.outer", inner, INNER, WIDTH));
  return head(e.layerNorm("norm", x), table);
}

/** Heads as exporters write them, and some that are not linear in a weight of their own. */
const HEADS_OF = {
  /** Gemm with a bias on flattened rows, its weight transposed. */
  gemm(e, x) {
    const inputs = [
      e.builder.reshape(x, [-1, WIDTH]),
      e.weight("head.weight", [VOCABULARY, WIDTH], 1.5),
      e.weight("head.bias", [VOCABULARY], 0.2),
    ];
    const shape = e.builder.concat([e.builder.op("Shape", ["input_ids"]), e.builder.ints([VOCABULARY])], 0);
    return e.op("Reshape", e.builder.op("Gemm", inputs, [attribute("transB", 1)]), shape);
  },
  /** A transposed weight and no bias. */
  transposed(e, x) {
    const weight = e.weight("head.weight", [VOCABULARY, WIDTH], 1.5);
    return e.op("MatMul", x, e.builder.transpose(weight, [1, 0]));
  },
  /** The embeddings as weight, with a bias of its own: only that is exact. */
  tied(e, x, words) {
    const product = e.op("MatMul", x, e.builder.transpose(words, [1, 0]));
    return e.op("Add", product, e.weight("head.bias", [VOCABULARY], 0.2));
  },
  /** Logits that are scaled, then shifted: the shift alone enters linearly by itself. */
  scaled(e, x) {
    const product = e.op("MatMul", x, e.weight("head.weight", [WIDTH, VOCABULARY], 1.5));
    return e.op("Add", e.op("Mul", product, e.number(0.5)), e.weight("head.bias", [VOCABULARY], 0.2));
  },
  /** Logits capped by a hyperbolic tangent. */
  capped(e, x) {
    const product = e.op("MatMul", x, e.weight("head.weight", [WIDTH, VOCABULARY], 1.5));
    return e.op("Mul", e.op("Tanh", product), e.number(3));
  },
} as const satisfies Record<string, (e: Emitter, x: string, words: string) => string>;

export type ToyHead = keyof typeof HEADS_OF;

/** Decoder with RMSNorm, products through Gemm on flattened rows, and the embedding as its head. */
function decoder(e: Emitter): string {
  const { builder } = e;
  const table = e.weight("words.weight", [VOCABULARY, WIDTH], 1.2);
  const positions = builder.gather(e.weight("positions.weight", [POSITIONS, WIDTH], 0.4), e.positions(), 0);
  let x = e.op("Add", builder.gather(table, "input_ids", 0), positions);
  const order = e.positions();
  const causal = e.op("GreaterOrEqual", builder.unsqueeze(order, 1), builder.unsqueeze(order, 0));
  const bias = e.closed(causal);
  const conv = (name: string, value: string, from: number, to: number) => {
    const inputs = [
      builder.reshape(value, [-1, from]),
      e.weight(`${name}.weight`, [from, to], 0.5),
      e.weight(`${name}.bias`, [to], 0.2),
    ];
    const shape = builder.concat([builder.op("Shape", ["input_ids"]), builder.ints([to])], 0);
    return e.op("Reshape", e.op("Gemm", ...inputs), shape);
  };
  const packed = conv("h.0.qkv", e.rmsNorm("h.0.norm1", x), WIDTH, 3 * WIDTH);
  const [q, k, v] = builder.split(packed, [WIDTH, WIDTH, WIDTH], 2);
  x = e.op("Add", x, conv("h.0.output", e.attention(q!, k!, v!, bias), WIDTH, WIDTH));
  x = e.op(
    "Add",
    x,
    conv("h.0.outer", e.gelu(conv("h.0.inner", e.rmsNorm("h.0.norm2", x), WIDTH, INNER)), INNER, WIDTH),
  );
  return e.op("MatMul", e.rmsNorm("norm", x), builder.transpose(table, [1, 0]));
}

const ARCHITECTURES = {
  mlm: (e: Emitter) => encoder(e),
  clm: decoder,
  "mlm-einsum": encoderWithEinsum,
} as const;

export function toyModel(architecture: keyof typeof ARCHITECTURES, seed = 1): ToyModel {
  return builtModel(ARCHITECTURES[architecture], architecture === "clm" ? "clm" : "mlm", seed);
}

/** The encoder with another output head. */
export function toyModelWithHead(head: ToyHead, seed = 3): ToyModel {
  const emit = (e: Emitter) => encoder(e, undefined, (x, words) => HEADS_OF[head](e, x, words));
  return builtModel(emit, "mlm", seed);
}

function builtModel(emit: (e: Emitter) => string, objective: Objective, seed: number): ToyModel {
  const build = (precision: Precision) => {
    const emitter = new Emitter(precision, seed);
    return emitter.finish(emit(emitter));
  };
  const { graph, weights } = build("single");
  return { objective, vocabulary: VOCABULARY, graph, exact: build("double").graph, weights };
}

/** Random examples of 3 to 6 tokens. mlm: one or two masked positions; clm: every token is a label. */
export function toyCorpus(objective: Objective, count: number, seed = 7): Corpus {
  const random = randomSource(seed);
  const integer = (below: number) => Math.floor(random() * below);
  const examples = Array.from({ length: count }, (): Example => {
    const length = 3 + integer(POSITIONS - 2);
    const inputIds = Array.from({ length }, () => integer(VOCABULARY));
    if (objective === "clm") return { inputIds, labels: inputIds };
    const labels = Array<number>(length).fill(IGNORED);
    for (let n = 0; n < 1 + integer(2); n++) labels[integer(length)] = integer(VOCABULARY);
    return { inputIds, labels };
  });
  const labelledTokens = examples.reduce((sum, example) => sum + targetsOf(example, objective).length, 0);
  return { objective, examples, largestId: VOCABULARY - 1, labelledTokens };
}
