/** A board as people read it. */
import type { BoardRow } from "../../shared/api/boards.ts";
import type { PublishedSuite } from "../../shared/api/suites.ts";
import { shortened } from "./labels.ts";
import { measured, short, significant } from "./numbers.ts";
import { alignLeft, alignPoints, table, type Column } from "./table.ts";
import { printable, styled, wrap } from "./terminal.ts";

type MeasureCell = BoardRow["measures"][string];
type TaskCell = BoardRow["tasks"][string];

/** The width of a table over the width that names may take of it. */
const NAME_SHARE = 3.6;

/** What is shown of a row. */
export type ShownRow = Pick<BoardRow, "name" | "parameters" | "measures" | "tasks" | "tiers">;

/** @param sort what the board is sorted by, whose tiers are shown. */
export function boardLines(
  rows: readonly ShownRow[],
  { measures, tasks }: Pick<PublishedSuite, "measures" | "tasks">,
  sort: string,
  width: number,
): string[] {
  const longest = Math.max(12, Math.floor(width / NAME_SHARE));
  const tiers = rows.map((row) => row.tiers[sort]);
  const lead: Column[] = [
    { head: "model", align: "left", cells: rows.map(({ name }) => shortened(printable(name), longest)) },
    { head: "para-\nmeters", align: "right", cells: rows.map(({ parameters }) => short(parameters)) },
  ];
  const columns = [
    ...measures.map(({ id, label }) =>
      valueColumn(
        twoLines(label),
        rows.map((row) => measureText(row.measures[id])),
      ),
    ),
    ...tasks.map(({ id }) =>
      valueColumn(
        id.replace("-", "-\n"),
        rows.map((row) => taskText(row.tasks[id])),
      ),
    ),
  ];
  const tier: Column = { head: "tier", align: "right", cells: tiers.map((each) => each?.toString() ?? "–") };
  return [
    ...table([...lead, ...(tiers.some(Boolean) ? [tier] : []), ...columns], width, 2),
    "",
    ...wrap(legend(measures, tasks.length > 0, tiers.some(Boolean) ? sort : null), width, "").map((line) =>
      styled("dim", line),
    ),
  ];
}

/** The value, and what stands behind it. */
type Text = readonly [value: string, rest: string];

function valueColumn(head: string, texts: readonly Text[]): Column {
  const values = alignPoints(texts.map(([value]) => value));
  const rest = alignLeft(texts.map(([, text]) => text));
  return { head, align: "right", cells: values.map((value, i) => `${value} ${rest[i]!}`) };
}

function measureText(cell: MeasureCell | undefined): Text {
  if (!cell || cell.value === null) return ["–", ""];
  const { value, standardError, directionError } = cell;
  const [text, error] = measured(value, standardError ?? directionError);
  const direction = directionError === null ? "" : `(${measured(directionError, directionError)[1] || "0"})`;
  return [text, [standardError !== null && error && `± ${error}`, direction].filter(Boolean).join(" ")];
}

function taskText(cell: TaskCell | undefined): Text {
  if (!cell || cell.value === null) return ["–", ""];
  const { value, standardError } = cell;
  const [text, error] = measured(100 * value, standardError === null ? null : 100 * standardError);
  return [error ? text : significant(100 * value, 3), error && `± ${error}`];
}

function legend(measures: PublishedSuite["measures"], tasks: boolean, tier: string | null): string {
  const units = [...Map.groupBy(measures, ({ unit }) => unit)].map(([unit, group], i) =>
    i === 0 ? unit : `${group.map(({ label }) => label).join(" and ")} in ${unit}`,
  );
  return [
    `value ± standard error (direction error) in ${units.join(", ")}`,
    ...(tasks ? ["tasks: accuracy ± standard error in %"] : []),
    ...(tier === null ? [] : [`checkpoints of one tier cannot be told apart by ${tier}`]),
  ].join("; ");
}

/** The words of a column's head on two lines of about the same length. */
function twoLines(label: string): string {
  const words = label.split(" ");
  const middle = Math.ceil(words.length / 2);
  return words.length < 3 ? label : `${words.slice(0, middle).join(" ")}\n${words.slice(middle).join(" ")}`;
}
