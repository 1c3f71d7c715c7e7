/**
 * The output head's part of a trace, taken exactly from one unperturbed forward pass.
 *
 * Where the logits of a token are z = W h + b with W and b used nowhere else, z is linear in them, so that their blocks
 * of the Hessian and of the Gauss–Newton (Fisher) matrix are the same and known: (diag p − p pᵀ) ⊗ h hᵀ, p = softmax z.
 * Over the coordinates θ + D ∘ s of a family their traces are, per labelled token with label y,
 *
 *     curvature   Σ_c p_c (1 − p_c) Σ_j D_cj² h_j²
 *     empirical   Σ_c (p_c − [c = y])² Σ_j D_cj² h_j²    (the squared gradient of the token's loss)
 *
 * and for a bias the same with D_c² in place of the inner sum. Directions then move the other parameters alone: the
 * noise of the head vanishes, and with it that of its products with all the rest, whose expectation is zero anyway.
 */
import type { Builder } from "../onnx/build.ts";
import { attribute, copyNode, floatAttribute, intAttribute, type Node } from "../onnx/graph.ts";
import type { Parameter } from "../onnx/parameters.ts";
import { isConstantValue, type Use } from "../onnx/uses.ts";
import { DataType, isFloat } from "../onnx/weights.ts";
import { INPUT, type RewriteContext } from "./context.ts";
import { linear, readsColumns } from "./operators/linear.ts";

/** Which exact trace: of the Hessian and the Fisher matrix, or of the empirical Fisher matrix. */
export type ExactKind = "curvature" | "empirical";

/** Parameters whose traces are exact, with the place where each enters. */
export interface ExactHead {
  readonly weight: Use | null;
  readonly biases: readonly Use[];
  /** By use, the index of its parameter. */
  readonly parameters: ReadonlyMap<Use, number>;
}

/** An output of the graph: float32 [rows asked for], the exact trace of one parameter for each labelled token. */
export interface ExactOutput {
  readonly kind: ExactKind;
  /** Index of the parameter. */
  readonly parameter: number;
  readonly name: string;
}

/**
 * Walks from the logits of labelled rows up to the product that makes them, through what adds constants.
 *
 * @param logits [labelled tokens, vocabulary].
 * @param parameters those that may be exact, with their uses in this graph.
 */
export function findExactHead(
  context: RewriteContext,
  logits: string,
  vocabulary: number,
  parameters: readonly Parameter[],
): ExactHead {
  const { graph, index } = context;
  const found = new Map<Use, number>();
  const biases: Use[] = [];
  /** The parameter read there, where it is read nowhere else and holds plain numbers. */
  const soleUse = (node: Node, operand: number): { parameter: Parameter; use: Use } | null => {
    const parameter = parameters.find(({ uses }) =>
      uses.some((use) => use.node === node && use.operand === operand),
    );
    const plain = parameter?.roots.every(({ name }) => isFloat(graph.initializers.get(name)?.dataType ?? 0));
    return parameter && plain && parameter.uses.length === 1 ? { parameter, use: parameter.uses[0]! } : null;
  };
  let value = logits;
  for (;;) {
    const node = index.producers.get(value);
    if (!node) return { weight: null, biases, parameters: found };
    const constant = node.input.findIndex((input) => isConstantValue(graph, index, input));
    if (node.opType === "Add" && constant >= 0) {
      const sole = soleUse(node, constant);
      const { dims = [], count } = sole?.parameter ?? {};
      // A bias that broadcasts over classes shifts all logits alike; it is left to directions.
      if (sole && count === vocabulary && dims[dims.length - 1] === vocabulary) {
        biases.push(sole.use);
        found.set(sole.use, sole.parameter.index);
      }
      value = node.input[1 - constant]!;
    } else if (node.opType === "Identity" || castsToFloat(node)) {
      value = node.input[0]!;
    } else {
      const sole = soleUse(node, 1);
      const weight = sole && isHeadProduct(sole, vocabulary, context) ? sole.use : null;
      if (sole && weight) found.set(weight, sole.parameter.index);
      return { weight, biases, parameters: found };
    }
  }
}

function castsToFloat(node: Node): boolean {
  return node.opType === "Cast" && isFloat(intAttribute(node, "to", 0));
}

function isHeadProduct(
  { use, parameter: { dims } }: { use: Use; parameter: Parameter },
  vocabulary: number,
  context: RewriteContext,
): boolean {
  const { node } = use;
  return (
    linear.matches(use) &&
    dims.length === 2 &&
    dims[readsColumns(use) ? 0 : 1] === vocabulary &&
    intAttribute(node, "transA", 0) === 0 &&
    floatAttribute(node, "alpha", 1) === 1 &&
    context.layout(node.input[0]!)?.kind === "labelled"
  );
}

/** Adds the exact traces of the labelled rows that INPUT.exactRows names. Their parameters must not be perturbed. */
export function appendExactHead(
  context: RewriteContext,
  head: ExactHead,
  logits: string,
  kinds: readonly ExactKind[],
): ExactOutput[] {
  if (head.parameters.size === 0) return [];
  const { builder } = context;
  const z = builder.gather(single(builder, logits), INPUT.exactRows, 0);
  const p = builder.op("Softmax", [z], [attribute("axis", 1)]);
  const sumOver = [...head.parameters].map(([use, parameter]) => {
    return { parameter, sum: use === head.weight ? sumOverWeight(context, use) : sumOverBias(context, use) };
  });
  return kinds.flatMap((kind) => {
    const classes = kind === "curvature" ? classVariances(builder, p) : squaredGradient(builder, z, p);
    return sumOver.map(({ parameter, sum }): ExactOutput => {
      const name = `plateau:exact/${kind}/${parameter}`;
      builder.reshape(sum(classes), [-1], name);
      return { kind, parameter, name };
    });
  });
}

/** From m [rows, vocabulary] to Σ_c m_c Σ_j D_cj² h_j² [rows, 1]. */
function sumOverWeight(context: RewriteContext, { node, value, elementType }: Use): (m: string) => string {
  const { builder, family } = context;
  const hidden = builder.gather(single(builder, node.input[0]!, elementType), INPUT.exactRows, 0);
  const squares = builder.op("Mul", [hidden, hidden]);
  const weights = family.squares(context, single(builder, value, elementType));
  if (weights === null) {
    const norm = builder.reduceSum(squares, 1, true);
    return (m) => builder.op("Mul", [builder.reduceSum(m, 1, true), norm]);
  }
  const perClass = builder.fresh("exact-product");
  builder.nodes.push(copyNode(node, { input: [squares, weights], output: [perClass], name: perClass }));
  return (m) => builder.reduceSum(builder.op("Mul", [m, perClass]), 1, true);
}

/** From m [rows, vocabulary] to Σ_c m_c D_c² [rows, 1]. */
function sumOverBias(context: RewriteContext, { value, elementType }: Use): (m: string) => string {
  const { builder, family } = context;
  const weights = family.squares(context, single(builder, value, elementType));
  if (weights === null) return (m) => builder.reduceSum(m, 1, true);
  const perClass = builder.reshape(weights, [1, -1]);
  return (m) => builder.reduceSum(builder.op("Mul", [m, perClass]), 1, true);
}

/** p_c (1 − p_c). */
function classVariances(builder: Builder, p: string): string {
  return builder.op("Mul", [p, builder.op("Sub", [builder.float(1), p])]);
}

/** (p_c − [c = y])². */
function squaredGradient(builder: Builder, z: string, p: string): string {
  const vocabulary = builder.gather(builder.op("Shape", [z]), builder.ints(1), 0);
  const classes = builder.op("Range", [builder.ints(0), vocabulary, builder.ints(1)]);
  const labels = builder.unsqueeze(builder.gather(INPUT.targets, INPUT.exactRows, 0), 1);
  const oneHot = builder.cast(builder.op("Equal", [labels, classes]), DataType.FLOAT);
  const gradient = builder.op("Sub", [p, oneHot]);
  return builder.op("Mul", [gradient, gradient]);
}

/** The value in single precision, where half could overflow. */
function single(builder: Builder, value: string, elementType?: number): string {
  return elementType === DataType.FLOAT ? value : builder.cast(value, DataType.FLOAT);
}
