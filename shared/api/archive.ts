/** What is exported and imported: JSON lines, each a suite, a result, or the end of a part. */
import { z } from "zod";
import { originSchema } from "./boards.ts";
import { shownCardSchema, visibilitySchema } from "./checkpoints.ts";
import { labelSchema } from "./label.ts";
import { checkpointIdSchema, dateSchema, sha256Schema, suiteIdSchema } from "./names.ts";
import { ownerSchema } from "./tokens.ts";

const suiteRecord = z.object({
  kind: z.literal("suite"),
  publishedAt: dateSchema.optional(),
  suite: z.unknown(),
});

/** What a board knows of a checkpoint besides the result: what it would otherwise make up, or take from the result. */
const checkpointRecord = z.object({
  /** Kept where it is free, so that links go on working. */
  id: checkpointIdSchema,
  owner: ownerSchema.nullable().default(null),
  visibility: visibilitySchema.default("private"),
  name: labelSchema.optional(),
  /** The newest: the result has that of its time. */
  card: shownCardSchema.nullable().optional(),
  addedAt: dateSchema.optional(),
});

const resultRecord = z.object({
  kind: z.literal("result"),
  checkpoint: checkpointRecord.optional(),
  addedAt: dateSchema.optional(),
  /** Whoever imports answers for it: only admins may. */
  origin: originSchema.default("imported"),
  hidden: z.object({ reason: labelSchema, at: dateSchema }).optional(),
  result: z.unknown(),
});

/** `next`: the cursor of the next part; null after the last. */
const endRecord = z.object({ kind: z.literal("end"), next: z.string().nullable() });

export const archiveRecordSchema = z.discriminatedUnion("kind", [suiteRecord, resultRecord, endRecord]);
/** As it is written: what has a default may be left out. */
export type WrittenRecord = z.input<typeof archiveRecordSchema>;
export type CheckpointRecord = z.infer<typeof checkpointRecord>;
export type ResultRecord = z.infer<typeof resultRecord>;
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
