/** What operators and families share while a graph is rewritten: new nodes, sign vectors, and their alignment. */
import { Builder } from "../onnx/build.ts";
import { describeNode, type Graph, type GraphIndex, type Node } from "../onnx/graph.ts";
import type { Parameter } from "../onnx/parameters.ts";
import type { Use } from "../onnx/uses.ts";
import { DataType } from "../onnx/weights.ts";
import type { Side } from "./directions.ts";
import type { Family } from "./families/family.ts";
import type { Layout } from "./layout.ts";

/** Names of the inputs that rewriting adds to a graph. */
export const INPUT = {
  /** int64 [1]: rows of the batch. */
  batch: "plateau:batch",
  /** int64 [labelled tokens]: flat positions, row · length + position. */
  rows: "plateau:rows",
  /** int64 [labelled tokens]: the row of the batch that each belongs to. */
  rowExample: "plateau:row-example",
  /** int64 [labelled tokens]: the token to predict. */
  targets: "plateau:targets",
  /** int64 [labelled tokens at θ + εv]: the labelled row that holds the same token at θ. */
  baseOf: "plateau:base-of",
  /** int64 [rows]: the labelled rows, at θ, whose exact traces are wanted. */
  exactRows: "plateau:exact-rows",
} as const;

/** A random input of the rewritten graph. */
export interface SignInput {
  readonly name: string;
  readonly parameter: Parameter;
  readonly side: Side;
  /**
   * `examples`: [batch, length], a vector for each row. `tokens`: [batch, sequence], the entries that the row's token
   * ids pick out of it. `shared`: [length], one vector for the whole run.
   */
  readonly form: "examples" | "tokens" | "shared";
  readonly dims: readonly (number | string)[];
}

export class RewriteContext {
  readonly graph: Graph;
  readonly index: GraphIndex;
  readonly builder: Builder;
  readonly family: Family;
  readonly signInputs = new Map<string, SignInput>();
  /** Rank-one terms [batch, positions, width] and their factors, for merging with what is added next. */
  readonly outerProducts = new Map<string, { readonly projection: string; readonly outputSigns: string }>();
  /** float32 values of shape [batch, 1, width]. */
  readonly rowVectors = new Set<string>();
  private readonly layouts: ReadonlyMap<string, Layout | null>;
  private readonly memo = new Map<string, string>();

  constructor(
    graph: Graph,
    index: GraphIndex,
    builder: Builder,
    family: Family,
    layouts: ReadonlyMap<string, Layout | null>,
  ) {
    this.graph = graph;
    this.index = index;
    this.builder = builder;
    this.family = family;
    this.layouts = layouts;
  }

  layout(value: string): Layout | null {
    return this.layouts.get(value) ?? null;
  }

  /** A sign vector of the parameter for each row of the batch, [batch, length], in the element type of `use`. */
  signs(parameter: Parameter, side: Side, length: number, use: Use): string {
    return this.signInput(
      { parameter, side, form: "examples", dims: ["plateau:batch", length] },
      use.elementType,
    );
  }

  /** Row signs of an embedding table at the tokens of each row, [batch, sequence]. */
  tokenSigns(parameter: Parameter, side: Side, use: Use): string {
    const dims = ["plateau:batch", "plateau:sequence"];
    return this.signInput({ parameter, side, form: "tokens", dims }, use.elementType);
  }

  /** A sign vector of the parameter that all rows share, [length]. */
  sharedSigns(parameter: Parameter, side: Side, length: number, elementType: number): string {
    return this.signInput({ parameter, side, form: "shared", dims: [length] }, elementType);
  }

  private signInput(input: Omit<SignInput, "name">, elementType: number): string {
    const name = `plateau:${input.form}/${input.parameter.index}/${input.side}`;
    this.signInputs.set(name, { ...input, name });
    // Signs are fed as float32: not every runtime takes other types from JavaScript.
    return elementType === DataType.FLOAT
      ? name
      : this.once(`${name}:${elementType}`, () => this.builder.cast(name, elementType));
  }

  /** The vectors [batch, width], shaped to multiply values of this layout. */
  align(vectors: string, width: number, layout: Layout): string {
    if (layout.kind === "labelled") {
      return this.once(`${vectors}@rows`, () => this.builder.gather(vectors, INPUT.rowExample, 0));
    }
    if (layout.kind !== "batched") throw new Error(`cannot align signs with ${layout.kind} values`);
    const shape = Array<number>(layout.rank).fill(1);
    shape[layout.rank - 1] = width;
    shape[layout.axis] = -1;
    return this.view(vectors, shape);
  }

  /** A reshape, made once however often it is asked for. */
  view(value: string, shape: readonly number[]): string {
    return this.once(`${value}:${shape}`, () => this.builder.reshape(value, shape));
  }

  /** Applies `f` to a flattened value [rows, width] as [batch, positions, width] (or [positions, batch, width]). */
  unflattened(
    value: string,
    width: number,
    outputWidth: number,
    { exampleMajor }: Layout & { kind: "flattened" },
    f: (value: string, layout: Layout & { kind: "batched" }) => string,
    output?: string,
  ): string {
    const { builder } = this;
    const sizes = exampleMajor
      ? [INPUT.batch, builder.ints([-1, width])]
      : [builder.ints([-1]), INPUT.batch, builder.ints([width])];
    const shape = this.once(`shape:${exampleMajor}:${width}`, () => builder.concat(sizes, 0));
    const apart = builder.op("Reshape", [value, shape]);
    const result = f(apart, { kind: "batched", axis: exampleMajor ? 0 : 1, rank: 3, dims: [] });
    return builder.reshape(result, [-1, outputWidth], output);
  }

  /** Lets `node` write its result under a new name, so that another node can take over the old one. */
  takeOutput(node: Node): { raw: string; output: string } {
    const output = node.output[0]!;
    const raw = this.builder.fresh(`${output}/unperturbed`);
    node.output[0] = raw;
    return { raw, output };
  }

  private once(key: string, make: () => string): string {
    let value = this.memo.get(key);
    if (value === undefined) {
      value = make();
      this.memo.set(key, value);
    }
    return value;
  }
}

/** What an operator answers when it cannot perturb a use per example: the reason, as a clause. */
export class Obstacle {
  readonly reason: string;

  constructor(use: Use, why: string) {
    this.reason = `${describeNode(use.node)} ${why}`;
  }
}
