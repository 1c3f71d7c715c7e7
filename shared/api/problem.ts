/** Errors of the API, as RFC 9457 has them. */
import { z } from "zod";

export const problemSchema = z.object({
  type: z.literal("about:blank"),
  /** The phrase of the HTTP status. */
  title: z.string(),
  status: z.number().int().min(400).max(599),
  /** What programs may rely on. */
  code: z.string().regex(/^[a-z-]+$/),
  /** What was found, where, and what to do. */
  detail: z.string(),
  /** Each thing that is wrong with a request. */
  errors: z.array(z.object({ in: z.string(), path: z.string(), message: z.string() })).exactOptional(),
  /** What an import had done before it stopped. */
  done: z.record(z.string(), z.unknown()).exactOptional(),
});

export type Problem = z.infer<typeof problemSchema>;
