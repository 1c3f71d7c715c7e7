/** Size of models. */
import { stat } from "node:fs/promises";
import type { ModelBytes } from "../../../shared/runtime.ts";

/** Of the graph and of all files that it points into; those that are missing count nothing. */
export async function weightBytes({ graph, externalData }: ModelBytes): Promise<number> {
  let bytes = graph.length;
  for (const { data } of externalData) {
    bytes +=
      data instanceof Uint8Array ? data.length : ((await stat(data.file).catch(() => null))?.size ?? 0);
  }
  return bytes;
}
