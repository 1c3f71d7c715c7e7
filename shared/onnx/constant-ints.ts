import type { Graph } from "./graph.ts";
import { DataType } from "./weights.ts";

/** The values of a small whole-number constant (axes, shapes), or null where `name` is none. */
export function constantInts(graph: Graph, name: string): number[] | null {
  const tensor = graph.initializers.get(name);
  if (!tensor || (tensor.dataType !== DataType.INT64 && tensor.dataType !== DataType.INT32)) return null;
  if (tensor.int64Data.length > 0) return tensor.int64Data.map(Number);
  if (tensor.int32Data.length > 0) return [...tensor.int32Data];
  const view = new DataView(tensor.rawData.buffer, tensor.rawData.byteOffset, tensor.rawData.byteLength);
  const size = tensor.dataType === DataType.INT64 ? 8 : 4;
  return Array.from({ length: view.byteLength / size }, (_, i) =>
    size === 8 ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true),
  );
}
