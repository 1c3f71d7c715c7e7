/** Traces by layer and kind of weight. */
import type { Result } from "../../../../shared/evaluate/result-schema.ts";
import { measured } from "../../../../shared/numbers.ts";

export type Tensors = NonNullable<Extract<Result["measures"][string], { value: number }>["perTensor"]>;
export type Tensor = Tensors[number];

export interface HeatCell {
  readonly value: number;
  /** Null where it is exact, or unknown. */
  readonly error: number | null;
  readonly parameters: number;
  readonly exact: boolean;
}

export interface HeatRow {
  readonly key: string;
  readonly label: string;
  /** Null outside the layers. */
  readonly layer: number | null;
  /** By kind, in the order of `kinds`; null where the layer has none. */
  readonly cells: readonly (HeatCell | null)[];
  readonly whole: HeatCell;
}

export interface Heat {
  readonly kinds: readonly string[];
  /** In the order in which the model runs them. */
  readonly rows: readonly HeatRow[];
  readonly whole: HeatCell;
}

/** Measures that were split by tensor, by id. */
export function splitMeasures({ measures }: Pick<Result, "measures">): ReadonlyMap<string, Tensors> {
  return new Map(
    Object.entries(measures).flatMap(([id, measure]) =>
      measure.value !== null && measure.perTensor && measure.perTensor.length > 0
        ? [[id, measure.perTensor] as const]
        : [],
    ),
  );
}

const KINDS = ["embedding", "matrix", "tensor", "norm", "bias"];

/** What stands outside the layers is before them or after them, as the model runs it. */
export function heatOf(tensors: Tensors): Heat {
  const layers = tensors.map(({ layer }) => layer);
  const numbered = layers.findIndex((layer) => layer !== null);
  const place = (tensor: Tensor, i: number) =>
    tensor.layer !== null ? String(tensor.layer) : numbered >= 0 && i > numbered ? "after" : "before";
  const groups = Map.groupBy(
    tensors.map((tensor, i) => ({ tensor, key: place(tensor, i) })),
    ({ key }) => key,
  );
  const kinds = [...new Set(tensors.map(({ kind }) => kind))].sort((a, b) => rank(a) - rank(b));
  const rows = [...groups].map(([key, members]): HeatRow => {
    const own = members.map(({ tensor }) => tensor);
    return {
      key,
      label: LABELS[key] ?? `layer ${key}`,
      layer: own[0]!.layer,
      cells: kinds.map((kind) => {
        const cell = own.filter((tensor) => tensor.kind === kind);
        return cell.length > 0 ? sumOf(cell) : null;
      }),
      whole: sumOf(own),
    };
  });
  return { kinds, rows, whole: sumOf(tensors) };
}

const LABELS: Readonly<Record<string, string>> = { before: "before the layers", after: "after the layers" };

const rank = (kind: string) => (KINDS.includes(kind) ? KINDS.indexOf(kind) : KINDS.length);

function sumOf(tensors: Tensors): HeatCell {
  const moved = tensors.filter(({ directionError, exact }) => directionError !== null && !exact);
  return {
    value: tensors.reduce((sum, { value }) => sum + value, 0),
    // The parts are estimated from passes of their own.
    error:
      moved.length === 0
        ? null
        : Math.sqrt(moved.reduce((sum, { directionError }) => sum + directionError! ** 2, 0)),
    parameters: tensors.reduce((sum, { parameters }) => sum + parameters, 0),
    exact: tensors.every(({ exact }) => exact === true),
  };
}

/** What a cell says: the whole trace of its tensors, or that divided by their parameters. */
export type Per = "trace" | "parameter";

export const heatValue = ({ value, parameters }: HeatCell, per: Per): number =>
  per === "trace" ? value : value / Math.max(1, parameters);

/** The error is empty where it is not known. */
export function heatText(cell: HeatCell, per: Per): readonly [value: string, error: string] {
  const { error, exact, parameters } = cell;
  const [value, errorText] =
    per === "trace"
      ? measured(cell.value, error)
      : [
          heatValue(cell, per).toExponential(1),
          error === null ? "" : (error / Math.max(1, parameters)).toExponential(0),
        ];
  return [value, exact ? "exact" : errorText === "" ? "" : `± ${errorText}`];
}

/** From −1 to 1: how much colour a value gets among others. */
export function heatShade(value: number, largest: number): number {
  if (!(largest > 0)) return 0;
  // Small parts would all look alike on a linear scale.
  return Math.sign(value) * Math.sqrt(Math.min(1, Math.abs(value) / largest));
}
