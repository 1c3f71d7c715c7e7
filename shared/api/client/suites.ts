/** Suites and boards. */
import type { z } from "zod";
import {
  boardColumnsSchema,
  boardListSchema,
  boardPageSchema,
  type BoardColumns,
  type boardQuerySchema,
} from "../boards.ts";
import { comparisonSchema, type ComparisonOfCheckpoints } from "../compare.ts";
import { publishedSuiteSchema, suiteListSchema, type PublishedSuite } from "../suites.ts";
import { request, requestJson, textOf, type Connection, type RequestOptions } from "./connection.ts";

type Signal = Pick<RequestOptions, "signal">;
export type BoardPage = z.infer<typeof boardPageSchema>;
export type BoardListing = z.infer<typeof boardListSchema>["boards"][number];
/** As it is written: numbers may be numbers. */
export type BoardSelection = Omit<Partial<z.input<typeof boardQuerySchema>>, "format" | "limit"> & {
  readonly limit?: number;
};

export async function listSuites(connection: Connection, options?: Signal): Promise<PublishedSuite[]> {
  return (await requestJson(connection, suiteListSchema, "suites", options)).suites;
}

/** @param name with a version, or without one for the latest. */
export function getSuite(connection: Connection, name: string, options?: Signal): Promise<PublishedSuite> {
  return requestJson(connection, publishedSuiteSchema, `suites/${encodeURIComponent(name)}`, options);
}

/** The suite file as text: definition, corpus and tasks. */
export async function getSuiteFile(connection: Connection, name: string, options?: Signal): Promise<string> {
  const response = await request(connection, `suites/${encodeURIComponent(name)}/file`, options);
  return textOf(response, connection.server, options?.signal);
}

/** @param text a suite file. */
export function publishSuite(
  connection: Connection,
  text: string,
  options?: Signal,
): Promise<PublishedSuite> {
  const headers = { "Content-Type": "application/json" };
  return requestJson(connection, publishedSuiteSchema, "suites", {
    ...options,
    method: "POST",
    headers,
    body: text,
  });
}

export async function listBoards(connection: Connection, options?: Signal): Promise<BoardListing[]> {
  return (await requestJson(connection, boardListSchema, "boards", options)).boards;
}

/** One page of rows. */
export function getBoard(
  connection: Connection,
  suite: string,
  query: BoardSelection = {},
  options?: Signal,
): Promise<BoardPage> {
  return requestJson(connection, boardPageSchema, boardPath(suite), { ...options, query });
}

/** All rows that the query lets through, page by page. */
export async function* boardPages(
  connection: Connection,
  suite: string,
  query: Omit<BoardSelection, "cursor"> = {},
  options?: Signal,
): AsyncGenerator<BoardPage> {
  let cursor: string | undefined;
  do {
    const page = await getBoard(
      connection,
      suite,
      { ...query, ...(cursor !== undefined && { cursor }) },
      options,
    );
    yield page;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}

/** The board as comma-separated values. */
export async function getBoardCsv(
  connection: Connection,
  suite: string,
  query: BoardSelection = {},
  options?: Signal,
): Promise<string> {
  const response = await request(connection, boardPath(suite), {
    ...options,
    query: { ...query, format: "csv" },
  });
  return textOf(response, connection.server, options?.signal);
}

export function getBoardColumns(
  connection: Connection,
  suite: string,
  options?: Signal,
): Promise<BoardColumns> {
  return requestJson(connection, boardColumnsSchema, `${boardPath(suite)}/columns`, options);
}

/** @param checkpoint ids of two to six of them. */
export function compareCheckpoints(
  connection: Connection,
  suite: string,
  checkpoint: readonly string[],
  options?: Signal,
): Promise<ComparisonOfCheckpoints> {
  return requestJson(connection, comparisonSchema, "compare", { ...options, query: { suite, checkpoint } });
}

const boardPath = (suite: string) => `boards/${encodeURIComponent(suite)}`;
