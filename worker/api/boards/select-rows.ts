/** Rows of a board in order, from a position on. Each query walks one index; rows without a value come last. */
import type { BoardFilters } from "../../../shared/api/boards.ts";
import type { Cursor } from "./cursor.ts";
import { filterConditions } from "./filters.ts";
import type { BoardOrder } from "./order.ts";
import { ROW_COLUMNS, type StoredRow } from "./rows.ts";

export type Position = Pick<Cursor, "value" | "checkpoint">;
export type OrderedRow = StoredRow & { readonly sorted_by: string | number | null };

/** At most `limit` rows after the position; from the first on where it is null. */
export async function selectRows(
  database: D1Database,
  order: BoardOrder,
  filters: BoardFilters,
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
  filters: BoardFilters,
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
  const filtered = filterConditions(filters, bound[0], checkpoint);
  conditions.push("r.hidden_reason IS NULL", ...filtered.conditions);
  values.push(...filtered.bound);
  const sorted = part === "defined" ? `${value} ${order}, ${checkpoint} ${order}` : `${checkpoint} ${order}`;
  return {
    sql:
      `SELECT ${ROW_COLUMNS}, ${value} AS sorted_by FROM ${from} WHERE ${conditions.join(" AND ")} ` +
      `ORDER BY ${sorted} LIMIT ?`,
    bound: [...values, limit],
  };
}
