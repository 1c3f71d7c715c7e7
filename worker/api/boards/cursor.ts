/** Where a page of a board ended. */
import { z } from "zod";
import { checkpointIdSchema } from "../../../shared/api/names.ts";
import { ApiError } from "../problems/api-error.ts";

const cursorSchema = z.strictObject({
  sort: z.string(),
  order: z.enum(["asc", "desc"]),
  /** Of the last row; null where it has none: such rows come last. */
  value: z.union([z.string(), z.number(), z.null()]),
  checkpoint: checkpointIdSchema,
});

export type Cursor = z.infer<typeof cursorSchema>;

export function writeCursor(cursor: Cursor): string {
  const bytes = new TextEncoder().encode(JSON.stringify(cursor));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** @throws ApiError 400 where it is no cursor, or one of another order. */
export function readCursor(text: string, expected: Pick<Cursor, "sort" | "order">): Cursor {
  const cursor = cursorSchema.safeParse(decode(text));
  if (!cursor.success) {
    throw new ApiError(
      400,
      "invalid-cursor",
      "query, cursor: not one from `next`; begin at the first page again.",
    );
  }
  const { sort, order } = cursor.data;
  if (sort === expected.sort && order === expected.order) return cursor.data;
  throw new ApiError(
    400,
    "invalid-cursor",
    `query, cursor: it belongs to sort=${sort}, order=${order}; keep these, or begin at the first page again.`,
  );
}

function decode(text: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return undefined;
  }
}
