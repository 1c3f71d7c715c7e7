/** Refusals in the form of the API's own. */
import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Problem } from "../../../shared/api/problem.ts";

export function sendProblem(
  answer: ServerResponse,
  status: number,
  code: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  answer.writeHead(status, {
    ...headers,
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
  });
  answer.end(JSON.stringify(problemOf(status, code, detail)));
}

export function problemOf(status: number, code: string, detail: string): Problem {
  return { type: "about:blank", title: STATUS_CODES[status]!, status, code, detail };
}
