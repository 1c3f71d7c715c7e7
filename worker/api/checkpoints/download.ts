/** The weights of a checkpoint as a file. */
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { hasCurrent, notModified } from "../requests/entity-tag.ts";
import type { Principal } from "../tokens/principal.ts";
import { mayManage } from "./access.ts";
import { parseRange } from "./range.ts";
import { ARCHIVE, modelKey, noSuchCheckpoint } from "./store.ts";

interface FileRow {
  readonly sha256: string;
  readonly owner: string | null;
  readonly visibility: "private" | "public";
  readonly bytes: number | null;
}

/** @throws ApiError 404 where there is no file, or it is not for them; 416 for bytes beyond its end. */
export async function downloadModel(
  { DB, BLOBS }: Bindings,
  id: string,
  principal: Principal | null,
  request: Request,
): Promise<Response> {
  const row = await DB.prepare("SELECT sha256, owner, visibility, bytes FROM checkpoints WHERE id = ?")
    .bind(id)
    .first<FileRow>();
  if (!row) throw noSuchCheckpoint(id);
  const { sha256, owner, visibility, bytes } = row;
  if (bytes === null) {
    throw new ApiError(
      404,
      "no-file",
      `The checkpoint ${id} was imported as a result alone, without its file.`,
    );
  }
  if (visibility === "private" && !mayManage(principal, owner)) {
    throw new ApiError(404, "no-file", `The file of ${id} is not public; its owner's token may have it.`);
  }
  return sendModel(BLOBS, { id, sha256, bytes, caching: `${visibility}, no-cache` }, request);
}

export interface ModelFile {
  /** Of the checkpoint. */
  readonly id: string;
  readonly sha256: string;
  readonly bytes: number;
  /** As Cache-Control has it. */
  readonly caching: string;
}

/** All of a model that may be had, or the part that is asked for. @throws ApiError 416 for bytes beyond its end. */
export async function sendModel(
  bucket: R2Bucket,
  { id, sha256, bytes, caching }: ModelFile,
  request: Request,
): Promise<Response> {
  const headers: Record<string, string> = {
    ETag: `"${sha256}"`,
    "Accept-Ranges": "bytes",
    "Cache-Control": caching,
    Vary: "Authorization",
    "X-Content-Type-Options": "nosniff",
  };
  if (hasCurrent(request.headers.get("If-None-Match") ?? undefined, headers["ETag"]!))
    return notModified(headers);
  const wanted = request.headers.get("If-Range") ?? headers["ETag"];
  const range =
    wanted === headers["ETag"] ? parseRange(request.headers.get("Range") ?? undefined, bytes) : null;
  if (range === "unsatisfiable") {
    throw new ApiError(
      416,
      "range-beyond-end",
      `The file of ${id} has ${bytes} bytes; ask for some of these.`,
      {
        headers: { "Content-Range": `bytes */${bytes}` },
      },
    );
  }
  headers["Content-Length"] = String(range?.length ?? bytes);
  if (range) headers["Content-Range"] = `bytes ${range.offset}-${range.offset + range.length - 1}/${bytes}`;
  const status = range ? 206 : 200;
  const isHead = request.method === "HEAD";
  const key = modelKey(sha256);
  const object = await (isHead ? bucket.head(key) : bucket.get(key, range ? { range: { ...range } } : {}));
  if (object) {
    const isArchive = object.httpMetadata?.contentType === ARCHIVE;
    headers["Content-Type"] = isArchive ? ARCHIVE : "application/octet-stream";
    headers["Content-Disposition"] = `attachment; filename="${id}.${isArchive ? "tar" : "onnx"}"`;
    return new Response(isHead ? null : (object as R2ObjectBody).body, { status, headers });
  }
  throw new ApiError(503, "file-missing", `The file of ${id} is not in storage; upload it again.`);
}
