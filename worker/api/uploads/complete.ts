/**
 * From parts to a checkpoint: hash, compare, inspect, store the model under its hash, and only then write the rows.
 *
 * Each step can be taken again, so that completing once more goes on after a crash: until the last one the parts are
 * there, and what the last one did is answered again.
 */
import { PlateauError } from "../../../shared/errors.ts";
import { removeUnneeded } from "../checkpoints/removals.ts";
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { addCheckpoint } from "./add-checkpoint.ts";
import { cachedSource } from "./cached-source.ts";
import { discardUpload } from "./discard.ts";
import { inspectModel, type ModelSummary } from "./inspect-model.ts";
import { hashParts, keepModel } from "./keep-model.ts";
import { deleteParts, PartChangedError, requireAllParts, SourceError } from "./parts.ts";
import { partsSource } from "./parts-source.ts";
import { requireUpload, type UploadRow } from "./store.ts";

export interface Completed {
  readonly checkpoint: string;
  /** False where it was there already, of an earlier request or an earlier upload of the same model. */
  readonly added: boolean;
}

/** The file is no model for a board. The message says why. */
class RefusedModelError extends ApiError {}

/**
 * @throws ApiError 404 where the owner has no such upload, 409 where parts are missing or changed meanwhile, 422 where
 * the file is refused: then the upload is gone.
 */
export async function completeUpload(
  bindings: Bindings,
  id: string,
  owner: string,
  now: number,
): Promise<Completed> {
  const upload = await requireUpload(bindings.DB, id, owner, now);
  if (upload.checkpoint !== null) return { checkpoint: upload.checkpoint, added: false };
  try {
    return await complete(bindings, upload, now);
  } catch (error) {
    // Another request may have completed it meanwhile, after which its parts go; or have cancelled it.
    const { checkpoint } = await requireUpload(bindings.DB, id, owner, now);
    if (checkpoint !== null) return { checkpoint, added: false };
    if (error instanceof RefusedModelError) await discardUpload(bindings, id, owner, now);
    throw error instanceof PartChangedError ? changed(id) : error;
  }
}

async function complete(bindings: Bindings, upload: UploadRow, now: number): Promise<Completed> {
  const { DB, BLOBS } = bindings;
  const { id } = upload;
  const parts = await requireAllParts(BLOBS, id, upload.bytes);
  const sha256 = await hashParts(BLOBS, parts);
  assertHash(upload, sha256);
  const summary = await inspect(partsSource(BLOBS, parts));
  await keepModel(bindings, upload, { sha256, archive: summary.archive }, parts);
  const checkpoint = await addCheckpoint(DB, id, { sha256, ...summary }, now);
  if (checkpoint === null) {
    // The upload was cancelled or thrown away, perhaps before the model was stored for it.
    await removeUnneeded(bindings, [{ kind: "model", sha256 }], now);
    throw changed(id);
  }
  // The checkpoint is there whatever becomes of its parts; those left over are thrown away in time.
  await deleteParts(BLOBS, id).catch(() => undefined);
  return { checkpoint, added: checkpoint === id };
}

function assertHash({ id, declared_sha256: declared, sha256: found }: UploadRow, sha256: string): void {
  // An earlier request has stored the model as it was then.
  if (found !== null && found !== sha256) throw changed(id);
  if (declared === null || declared === sha256) return;
  throw new RefusedModelError(
    422,
    "wrong-hash",
    `What arrived has sha256 ${sha256}, but ${declared} was declared: a part was damaged or is of another file. ` +
      "The upload is gone; begin another one.",
  );
}

async function inspect(source: ReturnType<typeof partsSource>): Promise<ModelSummary> {
  try {
    return await inspectModel(cachedSource(source));
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const refused = (reason: string) =>
      new RefusedModelError(422, "refused-model", `${reason} The upload is gone.`, { cause: error });
    if (error instanceof PlateauError) throw refused(error.message);
    // No file may stop the server, whatever is wrong with it; what is not foreseen here is worth a look.
    // eslint-disable-next-line no-console -- whoever runs the server can report it
    console.error(error);
    throw refused(`The model could not be understood (${String(error).slice(0, 200)}).`);
  }
}

function changed(id: string): ApiError {
  return new ApiError(
    409,
    "upload-changed",
    `Parts of the upload ${id} changed while it was completed; complete it again once nothing is sent any more, or ` +
      "DELETE it and begin another one.",
  );
}
