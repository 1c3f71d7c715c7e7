/** `plateau board`: what boards there are, and the rows of one. */
import type { BoardRow } from "../../../shared/api/boards.ts";
import type { Connection } from "../../../shared/api/client/connection.ts";
import { ProblemError } from "../../../shared/api/client/errors.ts";
import {
  boardPages,
  getBoardCsv,
  getSuite,
  listBoards,
  type BoardSelection,
} from "../../../shared/api/client/suites.ts";
import { boardLines } from "../board-table.ts";
import { reading, type ServerOptions } from "../client/server-options.ts";
import { EXIT } from "../failure.ts";
import { grouped, plural } from "../numbers.ts";
import { table } from "../table.ts";
import { columns, print, printable, styled } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

export interface BoardCommandOptions extends ServerOptions {
  readonly sort?: string;
  readonly order?: "asc" | "desc";
  readonly name?: string;
  readonly family?: string;
  readonly run?: string;
  /** Rows at most; all unless given. */
  readonly limit?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** The most that the API gives at once. */
const PAGE = 500;

/** What the board calls a selection that it cannot make: the command was called in a way that cannot work. */
const WRONG_USAGE = new Set(["invalid-sort", "invalid-request"]);

/** Runs the command. Answers the exit code. */
export async function boardCommand(suite: string | undefined, options: BoardCommandOptions): Promise<number> {
  try {
    return await show(suite, options);
  } catch (error) {
    if (!(error instanceof ProblemError && WRONG_USAGE.has(error.problem.code))) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

async function show(suite: string | undefined, options: BoardCommandOptions): Promise<number> {
  const { sort, order, name, family, run, limit = Infinity, json = false, csv = false } = options;
  const connection = reading(options);
  if (json && csv) throw new UsageError("Choose between --json and --csv.");
  const selection = Object.fromEntries(
    Object.entries({ sort, order, name, family, run }).filter(([, value]) => value !== undefined),
  ) as BoardSelection;
  if (suite === undefined) {
    if (csv || Object.keys(selection).length > 0) {
      throw new UsageError(
        "Name the suite whose board is wanted, such as pcfg-mini; without one, boards are listed.",
      );
    }
    await showList(connection, json);
  } else if (csv) {
    print(await getBoardCsv(connection, suite, selection));
  } else {
    await showBoard(connection, suite, selection, limit, json);
  }
  return EXIT.ok;
}

async function showList(connection: Connection, json: boolean): Promise<void> {
  const boards = await listBoards(connection);
  if (json) return print(JSON.stringify(boards, null, 2));
  if (boards.length === 0) return print("There are no suites on this board yet.");
  const column = (head: string, cells: string[]) => ({ head, align: "left" as const, cells });
  print(
    table(
      [
        column(
          "suite",
          boards.map(({ suite }) => suite),
        ),
        { head: "checkpoints", align: "right", cells: boards.map(({ checkpoints }) => grouped(checkpoints)) },
        column(
          "",
          boards.map(({ title }) => printable(title)),
        ),
      ],
      columns(),
    ).join("\n"),
  );
}

async function showBoard(
  connection: Connection,
  name: string,
  selection: BoardSelection,
  limit: number,
  json: boolean,
): Promise<void> {
  const suite = await getSuite(connection, name);
  const rows: BoardRow[] = [];
  let found: { readonly sort: string; readonly order: string; readonly checkpoints: number } | undefined;
  for await (const page of boardPages(connection, suite.id, { ...selection, limit: Math.min(PAGE, limit) })) {
    found ??= page;
    rows.push(...page.rows.slice(0, limit - rows.length));
    if (rows.length >= limit) break;
  }
  const { sort, order, checkpoints } = found!;
  if (json) return print(JSON.stringify({ suite: suite.id, sort, order, checkpoints, rows }, null, 2));
  const shown = rows.length === checkpoints ? "" : `, ${grouped(rows.length)} of them shown`;
  print(
    [
      `${styled("bold", suite.id)}  ${printable(suite.title)}: ${plural(checkpoints, "checkpoint")}${shown}, by ${sort}${order === "desc" ? ", the most first" : ""}`,
      ...(rows.length > 0 ? ["", ...boardLines(rows, suite, sort, columns())] : []),
    ].join("\n"),
  );
}
