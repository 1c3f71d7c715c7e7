/** Moves whole weights, W + ε a bᵀ, by one direction for all rows: the fallback, and what self-checks compare with. */
import { copyNode, makeNode, replaceUses, type Node } from "../onnx/graph.ts";
import type { Parameter } from "../onnx/parameters.ts";
import { PACKED } from "../onnx/uses.ts";
import { DataType, isFloat } from "../onnx/weights.ts";
import type { RewriteContext } from "./context.ts";
import { Side } from "./directions.ts";
import type { Structure } from "./operators/operator.ts";
import type { Participation } from "./participation.ts";

/** The fallback: every copy of the parameter becomes W + V, with V an input in its shape. */
export function moveWhole(
  context: RewriteContext,
  parameter: Parameter,
  structure: Structure,
  reason: string,
): Participation {
  const { graph, index, builder, family } = context;
  const targets: { value: string; moved?: string; transposed: boolean; elementType: number }[] = [];
  for (const { name, transposed } of parameter.roots) {
    const tensor = graph.initializers.get(name);
    if (!tensor) continue;
    if (isFloat(tensor.dataType)) {
      targets.push({ value: name, transposed, elementType: tensor.dataType });
      continue;
    }
    const reader = index.consumers(name)[0]?.node;
    if (!reader) continue;
    if (PACKED.has(reader.opType)) {
      const moved = builder.fresh(`${name}/moved`);
      targets.push({
        value: unpack(context, parameter, name, moved),
        moved,
        transposed,
        elementType: parameter.uses[0]!.elementType,
      });
      continue;
    }
    const elementType = graph.initializers.get(reader.input[1]!)?.dataType ?? DataType.FLOAT;
    targets.push({ value: reader.output[0]!, transposed, elementType });
  }
  for (const { value, moved = builder.fresh(`${value}/moved`), transposed, elementType } of targets) {
    replaceUses(graph, value, moved);
    const direction = sharedDirection(context, parameter, structure, elementType);
    const oriented = transposed ? builder.transpose(direction, [1, 0]) : direction;
    builder.op("Add", [value, family.elementwise(context, value, oriented)], [], moved);
  }
  return { mode: "shared", structure, reason };
}

/** Gives packed integers a float form, whose name it returns; their readers then read `moved` in its place. */
function unpack(
  { graph, index, builder }: RewriteContext,
  parameter: Parameter,
  name: string,
  moved: string,
): string {
  const float = builder.fresh(`${name}/float`);
  const readers = index.consumers(name).map(({ node }) => node);
  const [first] = readers as [Node, ...Node[]];
  const [rows, columns] = parameter.dims as [number, number];
  if (first.opType === "MatMulNBits") {
    // Multiplied by the identity, packed weights give their dequantised transpose.
    const zeros = builder.op("Expand", [builder.float(0), builder.ints([columns, columns])]);
    const unpacked = builder.fresh("unpacked");
    builder.nodes.push(
      copyNode(first, {
        input: [builder.op("EyeLike", [zeros]), ...first.input.slice(1)],
        output: [unpacked],
        name: unpacked,
      }),
    );
    builder.transpose(unpacked, [1, 0], float);
  } else {
    const all = builder.op("Range", [builder.ints(0), builder.ints(rows), builder.ints(1)]);
    builder.nodes.push(
      copyNode(first, {
        input: [first.input[0]!, all, ...first.input.slice(2)],
        output: [float],
        name: float,
      }),
    );
  }
  for (const node of readers) {
    const [output] = node.output as [string];
    const replacement =
      node.opType === "MatMulNBits"
        ? makeNode("MatMul", [node.input[0]!, builder.transpose(moved, [1, 0])], [output])
        : makeNode("Gather", [moved, node.input[1]!], [output]);
    graph.nodes[graph.nodes.indexOf(node)] = replacement;
  }
  return float;
}

/** a bᵀ or a sign for every entry, in the parameter's shape. */
function sharedDirection(
  context: RewriteContext,
  parameter: Parameter,
  structure: Structure,
  elementType: number,
): string {
  const { builder } = context;
  if (structure === "full") {
    const signs = context.sharedSigns(parameter, Side.rows, parameter.count, elementType);
    return builder.reshape(signs, parameter.dims);
  }
  const [rows, columns] = parameter.dims as [number, number];
  const a = context.sharedSigns(parameter, Side.rows, rows, elementType);
  const b = context.sharedSigns(parameter, Side.columns, columns, elementType);
  return builder.op("Mul", [builder.reshape(a, [rows, 1]), builder.reshape(b, [1, columns])]);
}
