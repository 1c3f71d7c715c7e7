/** Problem documents (RFC 9457) out of errors. */
import { HTTPException } from "hono/http-exception";
import type { Problem } from "../../../shared/api/problem.ts";
import { ApiError } from "./api-error.ts";

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  411: "Length Required",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

export function problemResponse(error: Error): Response {
  const { status, code, message, options } = asApiError(error);
  const problem: Problem = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    code,
    detail: message,
    ...(options.errors && { errors: options.errors }),
    ...(options.done && { done: options.done }),
  };
  return new Response(`${JSON.stringify(problem)}\n`, {
    status,
    headers: { ...options.headers, "Content-Type": "application/problem+json", "Cache-Control": "no-store" },
  });
}

/** What is not thrown on purpose stays inside: it may hold what strangers should not read. */
function asApiError(error: Error): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof HTTPException && error.status === 415) {
    return new ApiError(
      415,
      "media-type",
      "The body's Content-Type is not one that this route takes; see openapi.json.",
    );
  }
  if (error instanceof HTTPException && error.status < 500) {
    return new ApiError(error.status, "bad-request", `${error.message}; see openapi.json.`);
  }
  // eslint-disable-next-line no-console -- a defect, or storage that fails: whoever runs the server must see it
  console.error(error);
  return new ApiError(
    500,
    "internal",
    "The server failed at this; try again, and report it if it fails again.",
  );
}
