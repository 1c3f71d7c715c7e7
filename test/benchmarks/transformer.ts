/** What the memory benchmarks measure, in a file. */
import { writeFileSync } from "node:fs";
import { transformer, type TransformerShape } from "../support/transformer.ts";

/** Writes the model with its weights inside; returns its number of parameters. */
export function writeTransformer(file: string, shape: TransformerShape, seed = 1): number {
  const { bytes, parameters } = transformer(shape, seed);
  writeFileSync(file, bytes);
  return parameters;
}
