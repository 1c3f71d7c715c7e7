/** What is exported and imported: JSON lines, each a suite, a result, or the end of a part. */
import { z } from "zod";
import { checkpointIdSchema, dateSchema, sha256Schema, suiteIdSchema } from "./names.ts";

const suiteRecord = z.object({ kind: z.literal("suite"), suite: z.unknown() });
const resultRecord = z.object({
  kind: z.literal("result"),
  /** Kept where it is free, so that links go on working. */
  checkpoint: checkpointIdSchema.optional(),
  addedAt: dateSchema.optional(),
  result: z.unknown(),
});
/** `next`: the cursor of the next part; null after the last. */
const endRecord = z.object({ kind: z.literal("end"), next: z.string().nullable() });

export const archiveRecordSchema = z.discriminatedUnion("kind", [suiteRecord, resultRecord, endRecord]);
export type ArchiveRecord = z.infer<typeof archiveRecordSchema>;

export const importQuerySchema = z.strictObject({
  /** Whether a result takes the place of another one of the same checkpoint and suite; an error otherwise. */
  replace: z.enum(["true", "false"]).default("false"),
});

export const exportQuerySchema = z.strictObject({ cursor: z.string().max(500).optional() });

const outcome = z.enum(["added", "unchanged", "replaced"]);

export const importReportSchema = z.object({
  suites: z.array(z.object({ suite: suiteIdSchema, outcome })),
  results: z.array(
    z.object({ suite: suiteIdSchema, checkpoint: checkpointIdSchema, sha256: sha256Schema, outcome }),
  ),
});

export type ImportReport = z.infer<typeof importReportSchema>;
export type Outcome = z.infer<typeof outcome>;
