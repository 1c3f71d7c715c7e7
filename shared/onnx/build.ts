/** Appends nodes with fresh names and hides what differs between operator-set versions. */
import type { AttributeProto } from "onnx-buf";
import { attribute, makeContrib, makeNode, type Graph, type Node } from "./graph.ts";
import { constant } from "./weights.ts";

export class Builder {
  readonly nodes: Node[] = [];
  private readonly graph: Graph;
  private readonly prefix: string;
  private readonly constants = new Map<string, string>();
  private count = 0;

  /** `prefix` keeps the names apart from the model's own and from other builders'. */
  constructor(graph: Graph, prefix: string) {
    this.graph = graph;
    this.prefix = prefix;
  }

  fresh(hint: string): string {
    return `${this.prefix}${this.count++}/${hint}`;
  }

  /** Adds a node with one output and returns the output's name; `output` names it. */
  op(
    opType: string,
    inputs: readonly string[],
    attributes: readonly AttributeProto[] = [],
    output?: string,
  ): string {
    const name = output ?? this.fresh(opType);
    this.nodes.push(makeNode(opType, inputs, [name], attributes, this.fresh("node")));
    return name;
  }

  /** The same for an operator of ONNX Runtime's own. */
  contrib(
    opType: string,
    inputs: readonly string[],
    attributes: readonly AttributeProto[] = [],
    output?: string,
  ): string {
    const name = output ?? this.fresh(opType);
    this.nodes.push(makeContrib(opType, inputs, [name], attributes, this.fresh("node")));
    return name;
  }

  /** An int64 constant: 1-D from a list, 0-D from a number. */
  ints(values: readonly number[] | number): string {
    const list = typeof values === "number" ? [values] : values;
    return this.shared(`i${JSON.stringify(values)}`, (name) =>
      constant(name, typeof values === "number" ? [] : [list.length], list),
    );
  }

  /** A float32 constant: 0-D from a number, filled 1-D from a number and a length. */
  float(value: number, length?: number): string {
    return this.shared(`f${value}x${length}`, (name) =>
      constant(name, length === undefined ? [] : [length], new Float32Array(length ?? 1).fill(value)),
    );
  }

  private shared(key: string, make: (name: string) => ReturnType<typeof constant>): string {
    const known = this.constants.get(key);
    if (known) return known;
    const name = this.fresh("constant");
    this.graph.initializers.set(name, make(name));
    this.constants.set(key, name);
    return name;
  }

  reshape(value: string, shape: readonly number[], output?: string): string {
    return this.op("Reshape", [value, this.ints(shape)], [], output);
  }

  transpose(value: string, perm: readonly number[], output?: string): string {
    return this.op("Transpose", [value], [attribute("perm", perm)], output);
  }

  concat(values: readonly string[], axis: number, output?: string): string {
    return this.op("Concat", values, [attribute("axis", axis)], output);
  }

  gather(value: string, indices: string, axis: number, output?: string): string {
    return this.op("Gather", [value, indices], [attribute("axis", axis)], output);
  }

  cast(value: string, elementType: number, output?: string): string {
    return this.op("Cast", [value], [attribute("to", elementType)], output);
  }

  unsqueeze(value: string, axis: number, output?: string): string {
    return this.withAxes("Unsqueeze", 13, value, axis, [], output);
  }

  reduceSum(value: string, axis: number, keepdims: boolean, output?: string): string {
    return this.withAxes("ReduceSum", 13, value, axis, [attribute("keepdims", keepdims ? 1 : 0)], output);
  }

  reduceMean(value: string, axis: number, keepdims: boolean, output?: string): string {
    return this.withAxes("ReduceMean", 18, value, axis, [attribute("keepdims", keepdims ? 1 : 0)], output);
  }

  /** Splits into pieces of the given sizes along `axis`. */
  split(value: string, sizes: readonly number[], axis: number): string[] {
    const outputs = sizes.map(() => this.fresh("Split"));
    const axisAttribute = attribute("axis", axis);
    this.nodes.push(
      this.graph.opset >= 13
        ? makeNode("Split", [value, this.ints(sizes)], outputs, [axisAttribute])
        : makeNode("Split", [value], outputs, [axisAttribute, attribute("split", sizes)]),
    );
    return outputs;
  }

  /** Axes moved from an attribute to an input at operator set `since`. */
  private withAxes(
    opType: string,
    since: number,
    value: string,
    axis: number,
    others: readonly AttributeProto[],
    output?: string,
  ): string {
    return this.graph.opset >= since
      ? this.op(opType, [value, this.ints([axis])], others, output)
      : this.op(opType, [value], [attribute("axes", [axis]), ...others], output);
  }
}
