/** The worker that looks at a model: what its graph tells, its hash, and how it can be measured, in this order. */
import { config } from "zod";
import { PlateauError } from "../../../shared/errors.ts";
import type { Graph } from "../../../shared/onnx/graph.ts";
import { parseSuite } from "../../../shared/suites/suite-file.ts";
import { contentsOf, costOf, movementOf, type Contents, type Cost, type Movement } from "./inspection.ts";
import { failureOf, type Failure } from "./messages.ts";
import { hashFile, loadGraph, readGraph } from "./read-model-file.ts";
import { startEngine } from "./runtime.ts";

// The content security policy forbids compiling code, which zod would otherwise try.
config({ jitless: true });

export type ToInspector =
  | { readonly kind: "inspect"; readonly file: File }
  /** What a suite takes; once the model was inspected. */
  | { readonly kind: "cost"; readonly id: string; readonly text: string };

export type FromInspector =
  | { readonly kind: "contents"; readonly contents: Contents }
  | { readonly kind: "hash"; readonly sha256: string }
  | { readonly kind: "movement"; readonly movement: Movement }
  | { readonly kind: "cost"; readonly id: string; readonly cost: Cost }
  | { readonly kind: "failure"; readonly of: Step; readonly failure: Failure };

/** A file of which the contents cannot be told is no model; one that cannot be run may run elsewhere. */
export type Step = "contents" | "hash" | "movement" | "cost";

/** Larger ones are not run here just to look at them: they are too large for the edge by far. */
const LARGEST_TRIED = 512 * 2 ** 20;

const tell = (message: FromInspector) => postMessage(message);

let inspected: { readonly graph: Graph; readonly contents: Contents; vocabulary: number | null } | null =
  null;

addEventListener("message", ({ data }: MessageEvent<ToInspector>) => {
  // One after another: what a suite takes is asked while the model may still be looked at.
  working = working.then(() => (data.kind === "inspect" ? inspect(data.file) : tellCost(data)));
});
let working: Promise<void> = Promise.resolve();

async function inspect(file: File): Promise<void> {
  const contents = await attempt("contents", async () => {
    const graph = await readGraph(file);
    const contents = await contentsOf(graph);
    inspected = { graph, contents, vocabulary: contents.vocabulary };
    tell({ kind: "contents", contents });
    return contents;
  });
  if (!contents) return;
  const sha256 = await attempt("hash", () => hashFile(file));
  if (sha256 !== undefined) tell({ kind: "hash", sha256 });
  await attempt("movement", async () => {
    if (file.size > LARGEST_TRIED) {
      throw new PlateauError("files of more than 512 MiB are run only when they are evaluated.");
    }
    const engine = await startEngine("wasm", 1);
    const movement = await movementOf(await loadGraph(file), engine.on("wasm"));
    inspected!.vocabulary = movement.vocabulary;
    tell({ kind: "movement", movement });
  });
}

async function tellCost({ id, text }: Extract<ToInspector, { kind: "cost" }>): Promise<void> {
  await attempt("cost", async () => {
    if (!inspected) return;
    const { graph, contents, vocabulary } = inspected;
    tell({ kind: "cost", id, cost: costOf(graph, contents, vocabulary, parseSuite(text, id)) });
  });
}

async function attempt<T>(of: Step, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    tell({ kind: "failure", of, failure: failureOf(error, error instanceof PlateauError) });
    return undefined;
  }
}
