/** A pending upload as its owner sees it. */
import { PART_BYTES, partCount, type Upload } from "../../../shared/api/uploads.ts";
import type { Bindings } from "../environment.ts";
import { listParts } from "./parts.ts";
import { cardOf, type UploadRow } from "./store.ts";

/** @param checkpoints path of the route that uploads are begun at. */
export async function describeUpload(
  { BLOBS }: Bindings,
  upload: UploadRow,
  checkpoints: string,
): Promise<Upload> {
  const { id, name, visibility, bytes } = upload;
  const received = await listParts(BLOBS, id);
  return {
    ...{ id, state: "pending", name, card: cardOf(upload), visibility, bytes },
    sha256: upload.declared_sha256,
    partBytes: PART_BYTES,
    parts: partCount(bytes),
    received: received.map(({ number }) => number),
    partPath: `${checkpoints}/${id}/parts/{number}`,
    completePath: `${checkpoints}/${id}/complete`,
    addedAt: new Date(upload.created_at).toISOString(),
    expiresAt: new Date(upload.expires_at).toISOString(),
  };
}
