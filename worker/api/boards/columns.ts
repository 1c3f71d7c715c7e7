/** All rows of a board, by column: what plots and tables in the browser read. */
import type { BoardColumns, BoardRow } from "../../../shared/api/boards.ts";
import type { StoredSuite } from "../suites/store.ts";
import { boardRow, ROW_COLUMNS, type StoredRow } from "./rows.ts";

const ROWS_AT_ONCE = 1000;
/** Cards hold whatever people write into them. */
const STARTED_FROM =
  "(SELECT CASE json_type(c.card, '$.startedFrom') WHEN 'text' THEN c.card ->> '$.startedFrom' END " +
  "FROM checkpoints c WHERE c.id = r.checkpoint) AS started_from";

/** In the order of ids: the same for the same board. */
export async function boardColumns(database: D1Database, suite: StoredSuite): Promise<BoardColumns> {
  const columns = emptyColumns(suite);
  let after = "";
  for (;;) {
    const { results } = await database
      .prepare(
        `SELECT ${ROW_COLUMNS}, ${STARTED_FROM} FROM results r ` +
          "WHERE r.suite = ? AND r.checkpoint > ? AND r.hidden_reason IS NULL ORDER BY r.checkpoint LIMIT ?",
      )
      .bind(suite.id, after, ROWS_AT_ONCE)
      .all<StoredRow & { readonly started_from: string | null }>();
    for (const row of results) {
      append(columns, boardRow(row));
      columns.startedFrom.push(row.started_from);
    }
    const last = results.at(-1);
    if (!last || results.length < ROWS_AT_ONCE) break;
    after = last.checkpoint;
  }
  return { suite: suite.id, checkpoints: columns.checkpoint.length, tiers: suite.tiers, columns };
}

type Columns = BoardColumns["columns"];

function emptyColumns({ measures, tasks }: StoredSuite): Columns {
  return {
    checkpoint: [],
    name: [],
    run: [],
    startedFrom: [],
    family: [],
    step: [],
    parameters: [],
    origin: [],
    owner: [],
    addedAt: [],
    measures: Object.fromEntries(
      measures.map(({ id }) => [id, { value: [], standardError: [], directionError: [], tier: [] }]),
    ),
    tasks: Object.fromEntries(tasks.map(({ id }) => [id, { value: [], standardError: [], tier: [] }])),
  };
}

function append(columns: Columns, row: BoardRow): void {
  columns.checkpoint.push(row.checkpoint);
  columns.name.push(row.name);
  columns.run.push(row.run);
  columns.family.push(row.family);
  columns.step.push(row.step);
  columns.parameters.push(row.parameters);
  columns.origin.push(row.origin);
  columns.owner.push(row.owner);
  columns.addedAt.push(row.addedAt);
  for (const [id, column] of Object.entries(columns.measures)) {
    const cell = row.measures[id];
    const defined = cell && cell.value !== null ? cell : null;
    column.value.push(defined?.value ?? null);
    column.standardError.push(defined?.standardError ?? null);
    column.directionError.push(defined?.directionError ?? null);
    column.tier.push(row.tiers[id] ?? null);
  }
  for (const [id, column] of Object.entries(columns.tasks)) {
    const cell = row.tasks[id];
    const defined = cell && cell.value !== null ? cell : null;
    column.value.push(defined?.value ?? null);
    column.standardError.push(defined?.standardError ?? null);
    column.tier.push(row.tiers[`task:${id}`] ?? null);
  }
}
