/** What a board is sorted by, and where the database keeps it in that order. */
import { ROW_FIELDS, type BoardQuery } from "../../../shared/api/boards.ts";
import type { PublishedSuite } from "../../../shared/api/suites.ts";
import { ApiError } from "../problems/api-error.ts";

export interface BoardOrder {
  readonly sort: string;
  readonly order: "asc" | "desc";
  /** Tables, joined; none of this SQL comes from a request. */
  readonly from: string;
  /** The column that is sorted by, and the checkpoint, which breaks ties; both in one index. */
  readonly value: string;
  readonly checkpoint: string;
  readonly where: string;
  /** Whether rows may have no value. */
  readonly nullable: boolean;
  /** Values of `where`; the suite is the first. */
  readonly bound: readonly [suite: string, ...string[]];
}

const FIELDS: ReadonlyMap<string, Pick<BoardOrder, "value" | "nullable">> = new Map(
  Object.entries({
    name: { value: "r.name", nullable: false },
    run: { value: "r.run", nullable: true },
    family: { value: "r.family", nullable: true },
    step: { value: "r.step", nullable: true },
    parameters: { value: "r.parameters", nullable: false },
    added: { value: "r.added_at", nullable: false },
  } satisfies Record<(typeof ROW_FIELDS)[number], Pick<BoardOrder, "value" | "nullable">>),
);

/**
 * Without `sort` the least loss comes first: excess loss where the suite has it. Without `order` what is better comes
 * first: the least of a measure, the most of a task.
 *
 * @throws ApiError 400 where the suite has no such measure or task.
 */
export function boardOrder(
  suite: PublishedSuite,
  { sort, order }: Pick<BoardQuery, "sort" | "order">,
): BoardOrder {
  const measures = suite.measures.map(({ id }) => id);
  const tasks = suite.tasks.map(({ id }) => `task:${id}`);
  const chosen = sort ?? (measures.includes("excess-loss") ? "excess-loss" : "loss");
  const field = FIELDS.get(chosen);
  if (field !== undefined) {
    return {
      sort: chosen,
      order: order ?? "asc",
      from: "results r",
      ...field,
      checkpoint: "r.checkpoint",
      where: "r.suite = ?",
      bound: [suite.id],
    };
  }
  if (!measures.includes(chosen) && !tasks.includes(chosen)) {
    const choices = [...ROW_FIELDS, ...measures, ...tasks].join(", ");
    throw new ApiError(
      400,
      "invalid-sort",
      `query, sort: ${suite.id} has no '${chosen}'. Choose among ${choices}.`,
    );
  }
  return {
    sort: chosen,
    order: order ?? (tasks.includes(chosen) ? "desc" : "asc"),
    from: "scores s CROSS JOIN results r ON r.suite = s.suite AND r.checkpoint = s.checkpoint",
    value: "s.value",
    nullable: true,
    checkpoint: "s.checkpoint",
    where: "s.suite = ? AND s.score = ?",
    bound: [suite.id, chosen],
  };
}
