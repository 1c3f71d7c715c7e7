/** Which rows the filters of a view let through. */
import { foldedLabel } from "../../../shared/api/label.ts";
import type { BoardData } from "./board-data.ts";
import type { Column } from "./column.ts";

export interface Filters {
  /** Any part of the name, without regard to case. */
  readonly name: string;
  /** Any of these; all where there are none. */
  readonly family: readonly string[];
  readonly run: readonly string[];
  readonly owner: readonly string[];
  /** Bounds are included; a row without a value is in no range. Null: no bound. */
  readonly minParameters: number | null;
  readonly maxParameters: number | null;
  readonly minStep: number | null;
  readonly maxStep: number | null;
  /** Nats; of the loss itself, as the API filters. */
  readonly minLoss: number | null;
  readonly maxLoss: number | null;
}

export const NO_FILTERS: Filters = {
  name: "",
  family: [],
  run: [],
  owner: [],
  minParameters: null,
  maxParameters: null,
  minStep: null,
  maxStep: null,
  minLoss: null,
  maxLoss: null,
};

/** The ranges there are, and the columns that they are of. */
export const RANGES = [
  { column: "parameters", least: "minParameters", most: "maxParameters" },
  { column: "step", least: "minStep", most: "maxStep" },
  { column: "loss", least: "minLoss", most: "maxLoss" },
] as const;

/** [rows]: 1 for those let through. */
export function filterMask(board: BoardData, filters: Filters): Uint8Array {
  const mask = new Uint8Array(board.rows).fill(1);
  const searched = foldedLabel(filters.name.trim());
  if (searched !== "") {
    const names = foldedNames(board.name);
    for (let row = 0; row < board.rows; row++) if (!names[row]!.includes(searched)) mask[row] = 0;
  }
  for (const field of ["family", "run", "owner"] as const) {
    if (filters[field].length > 0) keepTexts(mask, board.column(field)!, new Set(filters[field]));
  }
  for (const { column, least, most } of RANGES) {
    const [low, high] = [filters[least], filters[most]];
    if (low !== null || high !== null) {
      keepRange(mask, board.column(column)!.numbers, low ?? -Infinity, high ?? Infinity);
    }
  }
  return mask;
}

function keepTexts(mask: Uint8Array, { texts }: Column, wanted: ReadonlySet<string>): void {
  for (let row = 0; row < mask.length; row++) {
    const text = texts![row];
    if (text === null || !wanted.has(text!)) mask[row] = 0;
  }
}

function keepRange(mask: Uint8Array, numbers: Float64Array, low: number, high: number): void {
  for (let row = 0; row < mask.length; row++) {
    if (!(numbers[row]! >= low && numbers[row]! <= high)) mask[row] = 0;
  }
}

const folded = new WeakMap<Column, readonly string[]>();

function foldedNames(name: Column): readonly string[] {
  let names = folded.get(name);
  if (!names) folded.set(name, (names = name.texts!.map((text) => foldedLabel(text ?? ""))));
  return names;
}
