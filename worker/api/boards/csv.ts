/** A whole board as comma-separated values. */
import type { BoardQuery, BoardRow } from "../../../shared/api/boards.ts";
import { csvLine, type Cell } from "../../../shared/api/csv.ts";
import { boardOrder } from "./order.ts";
import type { StoredSuite } from "../suites/store.ts";
import { boardRow } from "./rows.ts";
import { selectRows, type Position } from "./select-rows.ts";

const ROWS_AT_ONCE = 500;

/** A head and a line for each row that the filters let through, in order, read piece by piece. */
export async function* boardCsv(
  database: D1Database,
  suite: StoredSuite,
  query: BoardQuery,
): AsyncGenerator<string> {
  const order = boardOrder(suite, query);
  const columns = columnsOf(suite);
  yield csvLine(columns.map(({ head }) => head));
  let after: Position | null = null;
  for (;;) {
    const rows = await selectRows(database, order, query, after, ROWS_AT_ONCE);
    yield rows
      .map(boardRow)
      .map((row) => csvLine(columns.map(({ cell }) => cell(row))))
      .join("");
    const last = rows.at(-1);
    if (!last || rows.length < ROWS_AT_ONCE) return;
    after = { value: last.sorted_by, checkpoint: last.checkpoint };
  }
}

interface Column {
  readonly head: string;
  readonly cell: (row: BoardRow) => Cell;
}

const FIELDS = [
  "checkpoint",
  "name",
  "run",
  "family",
  "step",
  "parameters",
  "sha256",
  "origin",
  "owner",
  "addedAt",
] as const;

function columnsOf({ measures, tasks, tiers }: StoredSuite): Column[] {
  return [
    ...FIELDS.map((field): Column => ({ head: field, cell: (row) => row[field] })),
    ...measures.flatMap(({ id }): Column[] => [
      { head: id, cell: ({ measures: { [id]: cell } }) => cell?.value ?? null },
      { head: `${id} standard error`, cell: ({ measures: { [id]: cell } }) => errorOf(cell) },
      { head: `${id} tier`, cell: ({ tiers: { [id]: tier } }) => tier ?? null },
    ]),
    ...tasks.flatMap(({ id }): Column[] => [
      { head: `task:${id}`, cell: ({ tasks: { [id]: cell } }) => cell?.value ?? null },
      { head: `task:${id} standard error`, cell: ({ tasks: { [id]: cell } }) => errorOf(cell) },
      { head: `task:${id} tier`, cell: ({ tiers: { [`task:${id}`]: tier } }) => tier ?? null },
    ]),
    // Of the board, in every row: a file holds nothing beside its rows.
    { head: "tiers up to date", cell: () => (tiers.upToDate ? "yes" : "no") },
  ];
}

function errorOf(cell: BoardRow["measures"][string] | BoardRow["tasks"][string] | undefined): Cell {
  return cell && cell.value !== null ? cell.standardError : null;
}
