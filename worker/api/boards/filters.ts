/** Conditions of SQL that a board's filters become. None of the SQL comes from a request. */
import type { BoardFilters } from "../../../shared/api/boards.ts";
import { foldedLabel } from "../../../shared/api/label.ts";

export interface Conditions {
  readonly conditions: readonly string[];
  readonly bound: readonly (string | number)[];
}

/**
 * Ranges and names are looked up in indexes that hold all they need, so that no row is read that they leave out.
 *
 * @param checkpoint the column that names the row's checkpoint; the table of results is `r`.
 */
export function filterConditions(filters: BoardFilters, suite: string, checkpoint: string): Conditions {
  const conditions: string[] = [];
  const bound: (string | number)[] = [];
  const among = (select: string, ...values: (string | number)[]) => {
    conditions.push(`${checkpoint} IN (${select})`);
    bound.push(...values);
  };
  for (const field of ["family", "run"] as const) {
    if (filters[field] === undefined) continue;
    conditions.push(`r.${field} = ?`);
    bound.push(filters[field].normalize("NFC"));
  }
  if (filters.name !== undefined) {
    const ids = "SELECT n.checkpoint FROM results n WHERE n.suite = ? AND instr(n.folded_name, ?) > 0";
    among(ids, suite, foldedLabel(filters.name));
  }
  if (filters.owner !== undefined) among("SELECT o.id FROM checkpoints o WHERE o.owner = ?", filters.owner);
  for (const [column, least, most] of [
    ["parameters", filters.minParameters, filters.maxParameters],
    ["step", filters.minStep, filters.maxStep],
  ] as const) {
    const range = within(`n.${column}`, least, most);
    if (!range) continue;
    const ids = `SELECT n.checkpoint FROM results n WHERE n.suite = ? AND ${range.sql}`;
    among(ids, suite, ...range.bound);
  }
  const losses = within("l.value", filters.minLoss, filters.maxLoss);
  if (losses) {
    const ids = `SELECT l.checkpoint FROM scores l WHERE l.suite = ? AND l.score = 'loss' AND ${losses.sql}`;
    among(ids, suite, ...losses.bound);
  }
  return { conditions, bound };
}

function within(column: string, least: number | undefined, most: number | undefined) {
  const parts = [
    ...(least === undefined ? [] : [{ sql: `${column} >= ?`, value: least }]),
    ...(most === undefined ? [] : [{ sql: `${column} <= ?`, value: most }]),
  ];
  if (parts.length === 0) return null;
  return { sql: parts.map(({ sql }) => sql).join(" AND "), bound: parts.map(({ value }) => value) };
}
