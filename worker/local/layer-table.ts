/** Traces summed by layer and kind of parameter. */
import { MEASURES } from "../../shared/measures/index.ts";
import type { Result } from "../../shared/evaluate/result-schema.ts";
import { grouped, measured, percent } from "./numbers.ts";
import type { Labelled } from "../../shared/evaluate/labelled.ts";
import { alignLeft, alignPoints, table, type Column } from "./table.ts";
import { styled } from "./terminal.ts";

type Tensors = NonNullable<Extract<Result["measures"][string], { value: number }>["perTensor"]>;

/** A table a model; empty where traces were not split. */
export function layerLines({ label, result }: Labelled, width: number): string[] {
  const split = MEASURES.flatMap((measure) => {
    const found = result.measures[measure.id];
    return found && found.value !== null && found.perTensor
      ? [{ measure, total: found.value, tensors: found.perTensor }]
      : [];
  });
  if (split.length === 0) return [];
  const groups = [...groupsOf(split[0]!.tensors).values()];
  const columns: Column[] = [
    {
      head: "layer",
      align: "right",
      cells: groups.map(([{ layer }]) => (layer === null ? "–" : String(layer))),
    },
    { head: "kind", align: "left", cells: groups.map(([{ kind }]) => kind) },
    {
      head: "parameters",
      align: "right",
      cells: groups.map((group) => grouped(group.reduce((sum, { parameters }) => sum + parameters, 0))),
    },
  ];
  for (const { measure, total, tensors } of split) {
    const sums = [...groupsOf(tensors).values()].map((group) => ({
      value: group.reduce((sum, { value }) => sum + value, 0),
      error: Math.sqrt(group.reduce((sum, { directionError }) => sum + (directionError ?? 0) ** 2, 0)),
    }));
    const texts = sums.map(({ value, error }) => measured(value, error));
    const values = alignPoints(texts.map(([value]) => value));
    const errors = alignLeft(texts.map(([, error]) => (error ? `± ${error}` : "")));
    // Curvatures of either sign can cancel, so that shares of a Hessian trace would say little.
    const shares = sums.map(({ value }) =>
      measure.secondDifference ? "" : percent(value / total).padStart(8),
    );
    columns.push({
      head: measure.label,
      align: "right",
      cells: values.map((value, i) => `${value} ${errors[i]!}${shares[i]!}`),
    });
  }
  const exact = split.some(({ tensors }) => tensors.some((tensor) => tensor.exact));
  return [
    `${styled("bold", label)}  by layer and kind of parameter`,
    "",
    ...table(columns, width, 3),
    "",
    styled("dim", `value ± direction error${exact ? " (none: exact)" : ""}, share of the trace`),
  ];
}

/** Tensors of one layer and kind together, in the order in which the model runs them. */
function groupsOf(tensors: Tensors): Map<string, [Tensors[number], ...Tensors[number][]]> {
  const groups = new Map<string, [Tensors[number], ...Tensors[number][]]>();
  for (const tensor of tensors) {
    const key = `${tensor.layer}/${tensor.kind}`;
    const group = groups.get(key);
    if (group) group.push(tensor);
    else groups.set(key, [tensor]);
  }
  return groups;
}
