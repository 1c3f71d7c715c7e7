/** Uploads: models on their way to a board, in parts that can be sent again. */
import { z } from "zod";
import { cardSchema } from "../evaluate/card.ts";
import { shownCardSchema, visibilitySchema } from "./checkpoints.ts";
import { labelSchema } from "./label.ts";
import { checkpointIdSchema, dateSchema, sha256Schema } from "./names.ts";

/** All parts but the last are this long: few requests, and little to send again after a break. */
export const PART_BYTES = 16 * 2 ** 20;
/** The most that R2 stores in one go. An .onnx file can hold 2 GiB; with its external data in one archive it is more. */
export const LARGEST_MODEL = Math.floor(4.995 * 2 ** 30);
export const MOST_PARTS = Math.ceil(LARGEST_MODEL / PART_BYTES);

export const newUploadSchema = z
  .strictObject({
    card: shownCardSchema.optional(),
    /** The file's name: what the checkpoint is called where its card has no name. */
    file: z.string().max(1000).optional(),
    /** Size of the file. */
    bytes: z
      .number()
      .int()
      .min(1, "the file is empty")
      .max(
        LARGEST_MODEL,
        `more than ${LARGEST_MODEL}, the most that a board keeps of one model; evaluate it with 'plateau evaluate'`,
      ),
    /** Of the file. Where it is given, sending the same again resumes, and what arrives is compared with it. */
    sha256: sha256Schema.optional(),
    visibility: visibilitySchema.default("private"),
  })
  .transform(({ file, card = {}, ...upload }, context) => {
    if (card.name) return { ...upload, card, name: card.name };
    const name = labelSchema.safeParse(file?.replace(/^.*[/\\]/, "").replace(/\.(onnx|tar)$/i, ""));
    if (name.success) return { ...upload, card, name: name.data };
    const message =
      file === undefined
        ? "is missing; name the checkpoint, or give its file's name as `file`"
        : name.error.issues[0]!.message;
    context.addIssue({ code: "custom", path: file === undefined ? ["card", "name"] : ["file"], message });
    return z.NEVER;
  });

/** An upload that is not complete. */
export const uploadSchema = z.object({
  /** The checkpoint will have it too. */
  id: checkpointIdSchema,
  state: z.literal("pending"),
  name: z.string(),
  card: cardSchema,
  visibility: visibilitySchema,
  bytes: z.number().int(),
  /** As it was declared. */
  sha256: sha256Schema.nullable(),
  /** Length of every part but the last. */
  partBytes: z.number().int(),
  /** How many parts the file has, numbered from 1. */
  parts: z.number().int(),
  /** Numbers of the parts that are here. */
  received: z.array(z.number().int()),
  /** Where each part is PUT, with its number for {number}. */
  partPath: z.string(),
  /** What to POST to once all parts are here. */
  completePath: z.string(),
  addedAt: dateSchema,
  /** When it is thrown away unless it is complete. */
  expiresAt: dateSchema,
});

export const receivedPartSchema = z.object({
  id: checkpointIdSchema,
  number: z.number().int(),
  bytes: z.number().int(),
});

export type NewUpload = z.infer<typeof newUploadSchema>;
export type Upload = z.infer<typeof uploadSchema>;

export function partCount(bytes: number): number {
  return Math.ceil(bytes / PART_BYTES);
}

/** Where a part begins in the file, and how long it is; `number` counts from 1. */
export function partRange(
  bytes: number,
  number: number,
): { readonly offset: number; readonly length: number } {
  const offset = (number - 1) * PART_BYTES;
  return { offset, length: Math.min(PART_BYTES, bytes - offset) };
}
