/** What those who run a board see and do. */
import type { z } from "zod";
import { accountListSchema, type ListedAccount } from "../accounts.ts";
import { hiddenRowsSchema, workerListSchema, type HiddenRowOfBoard, type ListedWorker } from "../admin.ts";
import {
  issuedTokenSchema,
  tokenListSchema,
  type IssuedToken,
  type newTokenSchema,
  type Token,
} from "../tokens.ts";
import { request, requestJson, type Connection, type RequestOptions } from "./connection.ts";

type Signal = Pick<RequestOptions, "signal">;

/** Newest first. */
export async function listTokens(connection: Connection, options?: Signal): Promise<Token[]> {
  return (await requestJson(connection, tokenListSchema, "tokens", options)).tokens;
}

export function issueToken(
  connection: Connection,
  token: z.input<typeof newTokenSchema>,
  options?: Signal,
): Promise<IssuedToken> {
  return requestJson(connection, issuedTokenSchema, "tokens", { ...options, json: token });
}

export async function revokeToken(connection: Connection, id: string, options?: Signal): Promise<void> {
  await request(connection, `tokens/${encodeURIComponent(id)}`, { ...options, method: "DELETE" });
}

/** The last one first. */
export async function listHidden(connection: Connection, options?: Signal): Promise<HiddenRowOfBoard[]> {
  return (await requestJson(connection, hiddenRowsSchema, "admin/hidden", options)).rows;
}

export interface RowOfBoard {
  readonly suite: string;
  readonly checkpoint: string;
}

/** @param reason anyone may read it. */
export async function hideRow(
  connection: Connection,
  row: RowOfBoard,
  reason: string,
  options?: Signal,
): Promise<void> {
  await request(connection, `${pathOf(row)}/hide`, { ...options, json: { reason } });
}

export async function showRow(connection: Connection, row: RowOfBoard, options?: Signal): Promise<void> {
  await request(connection, `${pathOf(row)}/show`, { ...options, method: "POST" });
}

/** Those that were cut off first. */
export async function listWorkers(connection: Connection, options?: Signal): Promise<ListedWorker[]> {
  return (await requestJson(connection, workerListSchema, "admin/workers", options)).workers;
}

/** What was discarded stays discarded. */
export async function letWorkAgain(connection: Connection, worker: string, options?: Signal): Promise<void> {
  await request(connection, `work/cut-off/${encodeURIComponent(worker)}`, { ...options, method: "DELETE" });
}

/** Whoever signed in last comes first. */
export async function listAccounts(connection: Connection, options?: Signal): Promise<ListedAccount[]> {
  return (await requestJson(connection, accountListSchema, "admin/accounts", options)).accounts;
}

/** @param reason they read it. */
export async function blockAccount(
  connection: Connection,
  id: string,
  reason: string,
  options?: Signal,
): Promise<void> {
  await request(connection, `admin/accounts/${encodeURIComponent(id)}/block`, {
    ...options,
    json: { reason },
  });
}

export async function letIn(connection: Connection, id: string, options?: Signal): Promise<void> {
  await request(connection, `admin/accounts/${encodeURIComponent(id)}/let-in`, {
    ...options,
    method: "POST",
  });
}

const pathOf = ({ suite, checkpoint }: RowOfBoard) =>
  `boards/${encodeURIComponent(suite)}/rows/${encodeURIComponent(checkpoint)}`;
