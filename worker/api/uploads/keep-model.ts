/** The model as one R2 object named by its hash, whoever uploads it. */
import { settleRemoval } from "../checkpoints/removals.ts";
import { ARCHIVE, modelKey } from "../checkpoints/store.ts";
import type { Bindings } from "../environment.ts";
import { hex } from "../random.ts";
import { PartChangedError, pipeParts, type Part } from "./parts.ts";
import type { UploadRow } from "./store.ts";

/** SHA-256 of all parts together. @throws PartChangedError */
export async function hashParts(bucket: R2Bucket, parts: readonly Part[]): Promise<string> {
  const digest = new crypto.DigestStream("SHA-256");
  // It fails with the pipe, which tells why.
  digest.digest.catch(() => undefined);
  await pipeParts(bucket, parts, digest);
  return hex(new Uint8Array(await digest.digest));
}

/**
 * Stores the model unless it is there. From then on it is kept for this upload.
 *
 * @throws PartChangedError where parts changed, or the upload is gone.
 */
export async function keepModel(
  { DB, BLOBS }: Bindings,
  { id, bytes }: UploadRow,
  { sha256, archive }: { readonly sha256: string; readonly archive: boolean },
  parts: readonly Part[],
): Promise<void> {
  const { meta } = await DB.prepare(
    "UPDATE uploads SET sha256 = ?2 WHERE id = ?1 AND checkpoint IS NULL AND (sha256 IS NULL OR sha256 = ?2)",
  )
    .bind(id, sha256)
    .run();
  if (meta.changes === 0) throw new PartChangedError(`the upload ${id} is gone`);
  await settleRemoval(DB, { kind: "model", sha256 });
  if (await BLOBS.head(modelKey(sha256))) return;
  const { readable, writable } = new FixedLengthStream(bytes);
  const [sent, stored] = await Promise.allSettled([
    pipeParts(BLOBS, parts, writable),
    // R2 compares as well, so that nothing else can ever have this name.
    BLOBS.put(modelKey(sha256), readable, {
      sha256,
      ...(archive && { httpMetadata: { contentType: ARCHIVE } }),
    }),
  ]);
  if (sent.status === "rejected" && sent.reason instanceof PartChangedError) throw sent.reason;
  for (const outcome of [stored, sent]) if (outcome.status === "rejected") throw outcome.reason;
}
