/** Parts of route descriptions. */
import type { z } from "zod";

export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** An answer that is passed on or streamed, so that its type says nothing of the content. */
export function file(mediaType: string, schema: object, description: string): { description: string } {
  return { description, ...{ content: { [mediaType]: { schema } } } };
}

/** What every route may answer besides. */
export const PROBLEM = {
  default: {
    description: "What was wrong, where, and what to do",
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  },
} as const;
