/** A model in words and numbers: what `plateau inspect` shows. */
import type { Trial } from "../../shared/evaluate/trial-run.ts";
import type { Graph } from "../../shared/onnx/graph.ts";
import { operatorName } from "../../shared/onnx/graph.ts";
import type { HiddenState } from "../../shared/onnx/hidden-states.ts";
import type { ModelInputs } from "../../shared/onnx/inputs.ts";
import type { FixedConstant, Parameters } from "../../shared/onnx/parameters.ts";
import { byteText, grouped } from "./numbers.ts";
import { shortened } from "./labels.ts";
import { table, type Column } from "./table.ts";
import { printable, styled, wrap } from "./terminal.ts";

export interface Inspection {
  readonly file: string;
  readonly bytes: number;
  readonly producer: string;
  readonly opset: number;
  readonly irVersion: number;
  readonly nodes: number;
  readonly inputs: readonly {
    readonly name: string;
    readonly dims: readonly (number | string | null)[];
    /** What is fed to it; null where Plateau does not know. */
    readonly role: string | null;
  }[];
  readonly outputs: readonly string[];
  /** What the loss is taken from; null where the model was not run. */
  readonly logits: string | null;
  readonly vocabulary: number | null;
  /** Whether the graph only runs on one example at a time; null where the model was not run. */
  readonly oneByOne: boolean | null;
  /** The embeddings (layer null) and each layer's output; null where the model was not run. */
  readonly hiddenStates: readonly HiddenState[] | null;
  readonly parameters: readonly ParameterLine[];
  readonly totalParameters: number;
  readonly fixed: readonly FixedConstant[];
  /** Why it cannot be evaluated, or null. */
  readonly problem: string | null;
}

interface ParameterLine {
  readonly index: number;
  readonly name: string;
  readonly dims: readonly number[];
  readonly parameters: number;
  readonly kind: string;
  readonly layer: number | null;
  /** Names of the constants that hold it; several where an exporter wrote a tied tensor twice. */
  readonly copies: readonly string[];
  /** Operators that read it, one for each place. */
  readonly readBy: readonly string[];
  /**
   * How a direction moves it, or "exact" where its traces need none; null where the model was not run.
   */
  readonly moved: {
    readonly by: "example" | "block" | "exact" | "nothing";
    readonly reason: string | null;
  } | null;
}

/** Puts together what was found; `trial` and `inputs` are null where they could not be had. */
export function describeModel(parts: {
  readonly path: string;
  readonly bytes: number;
  readonly graph: Graph;
  readonly found: Parameters;
  readonly inputs: ModelInputs | null;
  readonly trial: Trial | null;
  readonly problem: string | null;
}): Inspection {
  const { path, bytes, graph, inputs, trial, problem } = parts;
  const { parameters, fixed } = trial?.subject ?? parts.found;
  const moved = (index: number): ParameterLine["moved"] => {
    if (!trial) return null;
    const state = trial.participation[index]!;
    // With one example a run, what moves as a whole moves for that example alone.
    if (state.mode === "example" || (state.mode === "shared" && trial.subject.oneByOne))
      return { by: "example", reason: null };
    if (state.mode === "exact") return { by: "exact", reason: null };
    return { by: state.mode === "shared" ? "block" : "nothing", reason: state.reason };
  };
  return {
    file: path,
    bytes,
    producer: graph.producer,
    opset: graph.opset,
    irVersion: graph.irVersion,
    nodes: graph.nodes.length,
    inputs: graph.inputs.map(({ name, dims }) => ({ name, dims, role: inputs?.roles.get(name) ?? null })),
    outputs: graph.outputs,
    logits: trial?.subject.output ?? null,
    vocabulary: trial?.subject.vocabulary ?? null,
    oneByOne: trial?.subject.oneByOne ?? null,
    hiddenStates: trial?.subject.hiddenStates ?? null,
    parameters: parameters.map(({ index, name, dims, count, kind, layer, roots, uses }) => ({
      index,
      name,
      dims,
      parameters: count,
      kind,
      layer,
      copies: roots.map((root) => root.name),
      readBy: uses.map(({ node }) => operatorName(node)),
      moved: moved(index),
    })),
    totalParameters: parameters.reduce((sum, { count }) => sum + count, 0),
    fixed,
    problem,
  };
}

/** What is fed to an input, in words. */
const ROLES: Readonly<Record<string, string>> = {
  ids: "token ids",
  mask: "attention mask",
  types: "token types",
  positions: "positions",
  past: "empty cache",
  cacheFlag: "cache switched off",
};

/** Lines for a terminal of this width. */
export function inspectionLines(inspection: Inspection, width: number): string[] {
  const { file, bytes, producer, opset, nodes, parameters, totalParameters, fixed } = inspection;
  return [
    `${styled("bold", printable(file))}  ${byteText(bytes)}, ${printable(producer) || "unknown producer"}, opset ${opset}, ${grouped(nodes)} nodes`,
    "",
    ...inputLines(inspection),
    ...outputLines(inspection, width),
    "",
    ...parameterTable(parameters),
    ...totals(parameters, totalParameters, width),
    ...reasons(parameters, width),
    ...fixedLines(fixed, width),
  ];
}

function inputLines({ inputs }: Inspection): string[] {
  const column = (head: string, cells: readonly string[]): Column => ({
    head,
    align: "left",
    cells: cells.map(printable),
  });
  return table(
    [
      column(
        "input",
        inputs.map(({ name }) => name),
      ),
      column(
        "shape",
        inputs.map(({ dims }) => `[${dims.map((dim) => dim ?? "?").join(", ")}]`),
      ),
      column(
        "is fed",
        inputs.map(({ role }) => (role === null ? "?" : ROLES[role]!)),
      ),
    ],
    Infinity,
  );
}

function outputLines(inspection: Inspection, width: number): string[] {
  const { outputs, logits, vocabulary, oneByOne, hiddenStates } = inspection;
  if (logits === null) return wrap(printable(`outputs: ${outputs.join(", ")}`), width, "  ");
  const lines = [printable(`output '${logits}': logits of ${grouped(vocabulary!)} tokens`)];
  const states = (hiddenStates ?? []).map(
    ({ layer, value }) => `${layer === null ? "embeddings" : `layer ${layer}`} '${value}'`,
  );
  if (states.length > 0) lines.push(...wrap(printable(`hidden states: ${states.join(", ")}`), width, "  "));
  if (oneByOne) lines.push("The graph is fixed to one example a run; a dynamic batch axis makes it faster.");
  return lines;
}

function parameterTable(parameters: readonly ParameterLine[]): string[] {
  if (parameters.length === 0) return ["No parameters."];
  const cells = (text: (parameter: ParameterLine) => string) =>
    parameters.map((parameter) => printable(text(parameter)));
  const columns: Column[] = [
    { head: "#", align: "right", cells: cells(({ index }) => String(index)) },
    { head: "shape", align: "left", cells: cells(({ dims }) => dims.join("×")) },
    { head: "kind", align: "left", cells: cells(({ kind }) => kind) },
    { head: "layer", align: "right", cells: cells(({ layer }) => String(layer ?? "–")) },
    { head: "read by", align: "left", cells: cells(({ readBy }) => shortened(counted(readBy), 20)) },
  ];
  if (parameters.some(({ moved }) => moved && moved.by !== "example")) {
    columns.push({ head: "measured", align: "left", cells: cells(({ moved }) => MEASURED[moved!.by]) });
  }
  // Names are what --include takes, so they are never shortened; last, they may run over the edge.
  const name = ({ name, copies }: ParameterLine) =>
    copies.length > 1 ? `${name} (${copies.length} copies)` : name;
  return table([...columns, { head: "parameter", align: "left", cells: cells(name) }], Infinity);
}

/** How a parameter's part of a trace is measured, in the words of the table. */
const MEASURED = { example: "per example", block: "per block", exact: "exact", nothing: "not" } as const;

/** `MatMul, MatMul, Add` as `2 MatMul, Add`. */
function counted(names: readonly string[]): string {
  const groups = Map.groupBy(names, (name) => name.replace("com.microsoft.", ""));
  return [...groups].map(([name, { length }]) => (length > 1 ? `${length} ${name}` : name)).join(", ");
}

function totals(parameters: readonly ParameterLine[], total: number, width: number): string[] {
  const kinds = [...Map.groupBy(parameters, ({ kind }) => kind)].map(([kind, group]) => {
    const count = group.reduce((sum, each) => sum + each.parameters, 0);
    return `${grouped(count)} in ${group.length} ${group.length > 1 ? PLURALS[kind] : kind}`;
  });
  return ["", ...wrap(`${grouped(total)} parameters: ${kinds.join(", ")}`, width, "  ")];
}

const PLURALS: Readonly<Record<string, string>> = {
  embedding: "embeddings",
  matrix: "matrices",
  norm: "norms",
  bias: "biases",
  tensor: "tensors",
};

function reasons(parameters: readonly ParameterLine[], width: number): string[] {
  if (parameters.every(({ moved }) => moved === null))
    return ["Not run, so how they would be measured is not known."];
  const exact = parameters.filter(({ moved }) => moved?.by === "exact");
  const lines = (by: string, text: string) => {
    const group = parameters.filter(({ moved }) => moved?.by === by);
    return [...Map.groupBy(group, ({ moved }) => moved!.reason)].flatMap(([reason, { length }]) =>
      wrap(printable(`${length} ${text}: ${reason}`), width, "  "),
    );
  };
  const apart = parameters.filter(({ moved }) => moved?.by === "example");
  return [
    apart.length === parameters.length
      ? "Every example moves all of them along directions of its own."
      : `Every example moves ${apart.length} of ${parameters.length} along directions of its own.`,
    ...(exact.length > 0
      ? wrap(
          `${exact.length} in the output head ${exact.length > 1 ? "need" : "needs"} no directions: the trace over ${exact.length > 1 ? "them" : "it"} is exact.`,
          width,
          "  ",
        )
      : []),
    ...lines("block", "move along one direction for a block of examples"),
    ...lines("nothing", "stay where they are"),
  ];
}

function fixedLines(fixed: readonly FixedConstant[], width: number): string[] {
  if (fixed.length === 0) return [];
  const lines = [...Map.groupBy(fixed, ({ reason }) => reason)].flatMap(([reason, group]) => {
    const names = group.slice(0, 4).map(({ name, dims }) => `${name} [${dims.join("×")}]`);
    const more = group.length > 4 ? ` and ${group.length - 4} more` : "";
    return wrap(printable(`  ${reason}: ${names.join(", ")}${more}`), width, "    ");
  });
  return ["", "Constants that are no parameters:", ...lines];
}
