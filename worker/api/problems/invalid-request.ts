/** What validation found, as an error that names every place. */
import type { z } from "zod";
import { ApiError } from "./api-error.ts";

const PLACES: Readonly<Record<string, string>> = { param: "path", query: "query", json: "body" };
const MOST_SHOWN = 10;

/** @param target what was validated: `query`, `param` or `json`. */
export function invalidRequest(target: string, error: z.core.$ZodError): ApiError {
  const place = PLACES[target] ?? target;
  const errors = error.issues.slice(0, MOST_SHOWN).map(({ path, message }) => ({
    in: place,
    path: path.map(String).join(".").slice(0, 200),
    message: message.slice(0, 500),
  }));
  const [first] = errors;
  const where = first?.path ? `${place}, ${first.path}` : place;
  return new ApiError(
    target === "json" ? 422 : 400,
    "invalid-request",
    `${where}: ${first?.message ?? "invalid"}. See openapi.json for what this route takes.`,
    { errors },
  );
}
