/**
 * Finds tensors that were one parameter before an exporter copied it (tied embeddings, one copy often transposed).
 *
 * Only tensors of two or more axes count: equal vectors are fresh scales or zero biases, which are separate parameters,
 * and so are equal constant fills.
 */
import type { TensorProto } from "onnx-buf";
import { fingerprint } from "./fingerprint.ts";
import type { Graph } from "./graph.ts";
import { dimsOf, elementCount, externalPointer, readValues } from "./weights.ts";

export interface Tie {
  /** Name of the first copy. */
  readonly leader: string;
  /** Whether this copy has its two axes exchanged against the first. */
  readonly transposed: boolean;
}

/** Values compared before all of them are: most tensors of equal size already differ here. */
const SAMPLE = 64;
/** Rows are compared in blocks of about this many values, to bound memory. */
const BLOCK = 1 << 20;

/** Copies of earlier tensors, by name. Quantised tensors are compared by their stored integers. */
export async function findTies(graph: Graph, tensors: readonly TensorProto[]): Promise<Map<string, Tie>> {
  const ties = new Map<string, Tie>();
  const leaders: { tensor: TensorProto; dims: number[]; sample: ArrayLike<number> }[] = [];
  for (const tensor of tensors) {
    const dims = dimsOf(tensor);
    if (dims.length < 2 || Math.min(...dims) < 2) continue;
    const sample = await readValues(tensor, graph.sources, 0, Math.min(SAMPLE, elementCount(dims)));
    if (sample.every((value) => value === sample[0])) continue;
    let tie: Tie | null = null;
    for (const leader of leaders) {
      if (leader.tensor.dataType !== tensor.dataType) continue;
      if (await sameValues(graph, leader, { tensor, dims, sample }))
        tie = { leader: leader.tensor.name, transposed: false };
      else if (await isTranspose(graph, leader.tensor, tensor))
        tie = { leader: leader.tensor.name, transposed: true };
      if (tie) break;
    }
    if (tie) ties.set(tensor.name, tie);
    else leaders.push({ tensor, dims, sample });
  }
  return ties;
}

interface Candidate {
  readonly tensor: TensorProto;
  readonly dims: readonly number[];
  readonly sample: ArrayLike<number>;
}

async function sameValues(graph: Graph, a: Candidate, b: Candidate): Promise<boolean> {
  if (a.dims.join() !== b.dims.join()) return false;
  for (let i = 0; i < a.sample.length; i++) if (a.sample[i] !== b.sample[i]) return false;
  const [p, q] = [externalPointer(a.tensor), externalPointer(b.tensor)];
  if (p && q && p.location === q.location && p.offset === q.offset) return true;
  const count = elementCount(a.dims);
  for (let start = 0; start < count; start += BLOCK) {
    const length = Math.min(BLOCK, count - start);
    const left = await readValues(a.tensor, graph.sources, start, length);
    const right = await readValues(b.tensor, graph.sources, start, length);
    for (let i = 0; i < length; i++) if (left[i] !== right[i]) return false;
  }
  return true;
}

async function isTranspose(graph: Graph, a: TensorProto, b: TensorProto): Promise<boolean> {
  const [rows, columns, ...rest] = dimsOf(a) as [number, number, ...number[]];
  const [bRows, bColumns] = dimsOf(b);
  if (rest.length > 0 || dimsOf(b).length !== 2 || bRows !== columns || bColumns !== rows) return false;
  // One row of `a` against one column of `b`, entry by entry, settles nearly every pair.
  const row = await readValues(a, graph.sources, 0, Math.min(8, columns));
  for (let j = 0; j < row.length; j++) {
    const [value] = await readValues(b, graph.sources, j * rows, 1);
    if (value !== row[j]) return false;
  }
  // Neither is ever in memory as a whole, nor read out of order: tables have hundreds of megabytes.
  return (await fingerprint(a, graph.sources, false)) === (await fingerprint(b, graph.sources, true));
}
