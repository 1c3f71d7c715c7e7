/** Rows of a board in order, from a position on. Each query walks one index; rows without a value come last. */
import { foldedLabel } from "../../../shared/api/label.ts";
import type { BoardQuery } from "../../../shared/api/boards.ts";
import type { Cursor } from "./cursor.ts";
import type { BoardOrder } from "./order.ts";
import { ROW_COLUMNS, type StoredRow } from "./rows.ts";

export type Filters = Pick<BoardQuery, "family" | "run" | "name">;
export type Position = Pick<Cursor, "value" | "checkpoint">;
export type OrderedRow = StoredRow & { readonly sorted_by: string | number | null };

/** At most `limit` rows after the position; from the first on where it is null. */
export async function selectRows(
  database: D1Database,
  order: BoardOrder,
  filters: Filters,
  after: Position | null,
  limit: number,
): Promise<OrderedRow[]> {
  const select = async (part: Part, from: Position | null, most: number) => {
    const { sql, bound } = rowsQuery(order, filters, part, from, most);
    return (
      await database
        .prepare(sql)
        .bind(...bound)
        .all<OrderedRow>()
    ).results;
  };
  const inUndefined = after !== null && after.value === null;
  const defined = inUndefined ? [] : await select("defined", after, limit);
  if (defined.length === limit || !order.nullable) return defined;
  const rest = await select("undefined", inUndefined ? after : null, limit - defined.length);
  return [...defined, ...rest];
}

/** Rows that have a value, or those that have none. */
export type Part = "defined" | "undefined";

export interface RowsQuery {
  readonly sql: string;
  readonly bound: readonly (string | number)[];
}

export function rowsQuery(
  { order, from, value, checkpoint, where, bound }: BoardOrder,
  filters: Filters,
  part: Part,
  after: Position | null,
  limit: number,
): RowsQuery {
  const beyond = order === "asc" ? ">" : "<";
  const conditions = [where, `${value} IS ${part === "defined" ? "NOT NULL" : "NULL"}`];
  const values: (string | number)[] = [...bound];
  if (after && after.value !== null) {
    conditions.push(`(${value}, ${checkpoint}) ${beyond} (?, ?)`);
    values.push(after.value, after.checkpoint);
  } else if (after) {
    conditions.push(`${checkpoint} ${beyond} ?`);
    values.push(after.checkpoint);
  }
  for (const field of ["family", "run"] as const) {
    if (filters[field] === undefined) continue;
    conditions.push(`r.${field} = ?`);
    values.push(filters[field].normalize("NFC"));
  }
  if (filters.name !== undefined) {
    // From an index of names, so that no row is read that the filter leaves out.
    conditions.push(
      `${checkpoint} IN (SELECT n.checkpoint FROM results n WHERE n.suite = ? AND instr(n.folded_name, ?) > 0)`,
    );
    values.push(bound[0], foldedLabel(filters.name));
  }
  const sorted = part === "defined" ? `${value} ${order}, ${checkpoint} ${order}` : `${checkpoint} ${order}`;
  return {
    sql:
      `SELECT ${ROW_COLUMNS}, ${value} AS sorted_by FROM ${from} WHERE ${conditions.join(" AND ")} ` +
      `ORDER BY ${sorted} LIMIT ?`,
    bound: [...values, limit],
  };
}
