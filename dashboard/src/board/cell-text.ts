/** Numbers of cells, as the command line shows them too, and how wide a column of them is. */
import { grouped, measured, short, significant } from "../../../shared/numbers.ts";
import { isScore, type Column } from "./column.ts";

/** What is shown where a value is undefined. */
export const UNDEFINED = "–";

/** @param error NaN where there is none; it is then empty. Accuracies are in per cent. */
export function scoreText(
  { kind }: Pick<Column, "kind">,
  value: number,
  error: number,
): readonly [value: string, error: string] {
  if (Number.isNaN(value)) return [UNDEFINED, ""];
  const known = Number.isNaN(error) ? null : error;
  if (kind !== "task") return measured(value, known);
  const [text, errorText] = measured(100 * value, known === null ? null : 100 * known);
  return errorText === "" ? [significant(100 * value, 3), ""] : [text, errorText];
}

/** The cell of a row in words, for columns of any kind. */
export function cellText(column: Column, row: number): string {
  const value = column.numbers[row]!;
  if (column.kind === "text") return column.texts![row] ?? UNDEFINED;
  if (Number.isNaN(value)) return UNDEFINED;
  if (column.kind === "date") return dateText(value);
  if (!isScore(column)) return countText(column, value);
  const [text, error] = scoreText(column, value, column.errors![row]!);
  return error === "" ? text : `${text} ± ${error}`;
}

/** Sizes in three digits, steps as they are. */
export const countText = ({ id }: Pick<Column, "id">, value: number): string =>
  id === "parameters" || value >= 1e7 ? short(value) : grouped(value);

export const dateText = (time: number): string => new Date(time).toISOString().slice(0, 10);

export interface ScoreWidth {
  /** Digits after the point of the most precise value. */
  readonly decimals: number;
  /** Characters of the longest value, padded to so many decimals, and of the longest error. */
  readonly value: number;
  readonly error: number;
}

/** From the smallest and largest values and errors, not from all texts: those of ten thousand rows take long to make. */
export function scoreWidth(column: Column): ScoreWidth {
  const { numbers, errors } = column;
  const samples = new Set<number>();
  for (const list of [numbers, errors!]) {
    let [least, most, smallest] = [-1, -1, -1];
    for (let row = 0; row < list.length; row++) {
      const value = list[row]!;
      if (Number.isNaN(value)) continue;
      if (least < 0 || value < list[least]!) least = row;
      if (most < 0 || value > list[most]!) most = row;
      if (value !== 0 && (smallest < 0 || Math.abs(value) < Math.abs(list[smallest]!))) smallest = row;
    }
    for (const row of [least, most, smallest]) if (row >= 0) samples.add(row);
  }
  const texts = [...samples].map((row) => scoreText(column, numbers[row]!, errors![row]!));
  const decimals = Math.max(0, ...texts.map(([text]) => decimalsOf(text)));
  return {
    decimals,
    value: Math.max(1, ...texts.map(([text]) => text.length + padding(text, decimals).length)),
    error: Math.max(0, ...texts.map(([, error]) => error.length)),
  };
}

/** What is missing behind a number for its point to stand under the others: invisible, but as wide as digits. */
export function padding(text: string, decimals: number): string {
  if (decimals === 0 || !/^-?\d+(\.\d+)?$/.test(text)) return "";
  const own = decimalsOf(text);
  return own >= decimals ? "" : (own === 0 ? "." : "") + "0".repeat(decimals - own);
}

const decimalsOf = (text: string) => (/e/.test(text) ? 0 : (text.split(".")[1]?.length ?? 0));
