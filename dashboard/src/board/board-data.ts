/** A board as the browser keeps it. */
import type { BoardColumns, BoardTiers } from "../../../shared/api/boards.ts";
import { lineages } from "../../../shared/statistics/lineage.ts";
import type { PublishedSuite } from "../../../shared/api/suites.ts";
import { extent, floats, type Column } from "./column.ts";
import { naturalRanks } from "./natural-order.ts";

export interface BoardData {
  readonly suite: PublishedSuite;
  readonly tiers: BoardTiers;
  readonly rows: number;
  /** Ids of checkpoints. */
  readonly ids: readonly string[];
  readonly rowOf: ReadonlyMap<string, number>;
  readonly columns: readonly Column[];
  readonly column: (id: string) => Column | undefined;
  readonly name: Column;
  readonly run: Column;
  readonly family: Column;
  /**
   * [rows]: the number of each one's independent run: runs that go on from one another count once, and checkpoints that
   * name none are runs of their own.
   */
  readonly runs: Uint32Array;
  /** What the loss window is of: excess loss where it is known, else loss. */
  readonly loss: Column;
}

export function boardData(suite: PublishedSuite, { columns, tiers }: BoardColumns): BoardData {
  const texts = (
    id: string,
    label: string,
    description: string,
    values: readonly (string | null)[],
  ): Column => ({
    ...plain(id, label, description),
    kind: "text",
    numbers: naturalRanks(values),
    texts: values,
  });
  const counts = (
    id: string,
    label: string,
    description: string,
    values: readonly (number | null)[],
  ): Column => ({
    ...plain(id, label, description),
    kind: "count",
    numbers: floats(values),
  });
  const name = texts("name", "Checkpoint", "Its name.", columns.name);
  const run = texts("run", "Run", "The training run it is from.", columns.run);
  const family = texts("family", "Family", "What its card says it is akin to.", columns.family);
  const measures = suite.measures.map(({ id, label, description, unit, better }): Column => {
    const { value, standardError, directionError, tier } = columns.measures[id]!;
    const errors = standardError.map((error, row) => error ?? directionError[row]!);
    const numbers = { numbers: floats(value), errors: floats(errors), tiers: floats(tier) };
    return { id, label, description, unit, kind: "measure", better, ...numbers, texts: null };
  });
  const tasks = suite.tasks.map(({ id, title, description, chance }): Column => {
    const { value, standardError, tier } = columns.tasks[id]!;
    return {
      id: `task:${id}`,
      label: id,
      description: `${title}: accuracy, per cent. ${description} Chance: ${(100 * chance).toFixed(1)} %.`,
      unit: "%",
      kind: "task",
      better: "higher",
      numbers: floats(value),
      errors: floats(standardError),
      tiers: floats(tier),
      texts: null,
    };
  });
  const all: Column[] = [
    name,
    ...measures,
    ...tasks,
    counts("parameters", "Size", "Parameters.", columns.parameters),
    counts("step", "Step", "Optimiser steps.", columns.step),
    family,
    run,
    texts("owner", "Owner", "Who uploaded it: the id of a token.", columns.owner),
    texts("origin", "Origin", "Where the result was computed.", columns.origin),
    {
      ...plain("added", "Added", "When the result came."),
      kind: "date",
      numbers: floats(columns.addedAt.map((date) => Date.parse(date))),
    },
  ];
  const byId = new Map(all.map((column) => [column.id, column]));
  const excess = byId.get("excess-loss");
  return {
    suite,
    tiers,
    rows: columns.checkpoint.length,
    ids: columns.checkpoint,
    rowOf: new Map(columns.checkpoint.map((id, row) => [id, row])),
    columns: all,
    column: (id) => byId.get(id),
    name,
    run,
    family,
    runs: runNumbers(columns.run, columns.startedFrom),
    loss: excess && extent(excess.numbers) ? excess : byId.get("loss")!,
  };
}

function runNumbers(runs: readonly (string | null)[], startedFrom: readonly (string | null)[]): Uint32Array {
  const roots = lineages(runs.map((run, row) => ({ run, startedFrom: startedFrom[row]! })));
  const named = new Set(roots).size;
  return Uint32Array.from(naturalRanks(roots), (rank, row) => (Number.isNaN(rank) ? named + row : rank));
}

const plain = (id: string, label: string, description: string) => ({
  id,
  label,
  description,
  unit: null,
  better: null,
  errors: null,
  tiers: null,
  texts: null,
});
