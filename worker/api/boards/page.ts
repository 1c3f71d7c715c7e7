/** One page of a board. */
import type { z } from "zod";
import type { boardPageSchema, BoardQuery } from "../../../shared/api/boards.ts";
import type { StoredSuite } from "../suites/store.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { boardOrder } from "./order.ts";
import { boardRow } from "./rows.ts";
import { selectRows } from "./select-rows.ts";

export async function boardPage(
  database: D1Database,
  suite: StoredSuite,
  query: BoardQuery,
): Promise<z.infer<typeof boardPageSchema>> {
  const by = boardOrder(suite, query);
  const { sort, order } = by;
  const after = query.cursor === undefined ? null : readCursor(query.cursor, by);
  // One more than shown tells whether there is a next page.
  const found = await selectRows(database, by, query, after, query.limit + 1);
  const rows = found.slice(0, query.limit);
  const last = rows.at(-1);
  return {
    suite: suite.id,
    sort,
    order,
    checkpoints: suite.checkpoints,
    tiers: suite.tiers,
    rows: rows.map(boardRow),
    next:
      last && found.length > rows.length
        ? writeCursor({ sort, order, value: last.sorted_by, checkpoint: last.checkpoint })
        : null,
  };
}
