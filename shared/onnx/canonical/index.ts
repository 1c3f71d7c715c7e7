/**
 * Brings what different exporters write into one form, in which parameters enter through MatMul-like products, Gather
 * and elementwise operators only. Each pass is a file; a new exporter pattern is a new pass here.
 */
import { cloneGraph, pruneAndSort, type Graph } from "../graph.ts";
import { inlineBranches } from "./branches.ts";
import { liftConstants } from "./constants.ts";
import { takeApartFused } from "./fused.ts";
import { removeIdentities } from "./identities.ts";
import { splitGemmBias } from "./gemm.ts";
import { rebuildIntegers } from "./integers.ts";
import { splitNorms } from "./norms.ts";

const PASSES: readonly ((graph: Graph) => void)[] = [
  inlineBranches,
  liftConstants,
  takeApartFused,
  rebuildIntegers,
  removeIdentities,
  splitNorms,
  splitGemmBias,
];

/** The canonical form of a graph; the original is left as it is. */
export function canonicalise(original: Graph): Graph {
  const graph = cloneGraph(original);
  // Passes expect what makes a value to come before what reads it.
  pruneAndSort(graph);
  for (const pass of PASSES) pass(graph);
  pruneAndSort(graph);
  return graph;
}
