/** The suite that payloads are checked against; the last one used is kept, as all shards of an evaluation have it. */
import { parseSuite } from "../../../shared/suites/suite-file.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import { ApiError } from "../problems/api-error.ts";
import { suiteKey } from "../suites/store.ts";

let last: { readonly sha256: string; readonly suite: Suite } | null = null;

/** @throws ApiError 503 where its file is not there. */
export async function loadSuite(
  bucket: R2Bucket,
  { id, sha256 }: { readonly id: string; readonly sha256: string },
): Promise<Suite> {
  if (last?.sha256 === sha256) return last.suite;
  last = null;
  const object = await bucket.get(suiteKey(sha256));
  if (!object)
    throw new ApiError(503, "file-missing", `The file of ${id} is not in storage; publish it again.`);
  const suite = parseSuite(await object.text(), id);
  last = { sha256, suite };
  return suite;
}
