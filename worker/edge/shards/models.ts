/** Bytes of models, of which the last one used is kept. */
import { modelKey } from "../../api/checkpoints/store.ts";
import { PlateauError } from "../../../shared/errors.ts";
import type { Graph } from "../../../shared/onnx/graph.ts";
import { readModel } from "../../../shared/onnx/read.ts";
import { LastUsed } from "../last-used.ts";
import { memory } from "../runtime.ts";

const models = new LastUsed<Uint8Array>(memory);

/** The graph, whose weights lie in the bytes that are kept. @throws OverBudgetError; PlateauError where the file is missing. */
export async function useModel(
  bucket: R2Bucket,
  { sha256, bytes }: { readonly sha256: string; readonly bytes: number },
): Promise<{ readonly value: Graph; readonly done: () => void }> {
  const { value, done } = await models.use({ key: sha256, what: "the model", bytes }, async () => {
    const object = await bucket.get(modelKey(sha256));
    if (!object) throw new PlateauError("The model's file is not in storage; upload it again.");
    const found = new Uint8Array(await object.arrayBuffer());
    memory.counted.add(found.buffer);
    return found;
  });
  try {
    return { value: await readModel(inMemory(value)), done };
  } catch (error) {
    done();
    throw error;
  }
}

export function inMemory(bytes: Uint8Array) {
  return {
    size: bytes.byteLength,
    contents: bytes,
    read: (offset: number, length: number) => bytes.subarray(offset, offset + length),
  };
}
