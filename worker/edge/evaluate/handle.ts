/**
 * Evaluation over HTTP, as the API passes it on: reads the model, evaluates it, and answers lines of JSON as it goes, or
 * the result alone. It stops when whoever asked goes away, and keeps nothing.
 */
import { waitUntil } from "cloudflare:workers";
import type { EvaluateLine } from "../../../shared/api/evaluate.ts";
import { LARGEST_EVALUATED } from "../../../shared/api/evaluate.ts";
import type { Problem } from "../../../shared/api/problem.ts";
import { ModelTooBigError, PlateauError } from "../../../shared/errors.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import { ApiError } from "../../api/problems/api-error.ts";
import { problemResponse } from "../../api/problems/problem-response.ts";
import type { EdgeBindings } from "../environment.ts";
import { FairTurns } from "../fair-turns.ts";
import { LeaseLostError } from "../leases.ts";
import { RuntimeCrashedError } from "../wasm.ts";
import { readMaterial, type Material } from "./material.ts";
import { readWhole } from "./read-whole.ts";
import { runWaves, type WaveHooks } from "./run-waves.ts";
import { Turn, type Holder } from "./turn.ts";

const NDJSON = "application/x-ndjson";
/** Seconds after which to try again where someone else is at it. */
const RETRY_AFTER = 30;
/** Milliseconds after which progress is told again though there is none: only so is it found out that nobody listens. */
const SIGN_OF_LIFE = 2000;

const turn = new Turn();

/** Whoever asked is gone: nobody reads this. */
class StoppedError extends ApiError {
  constructor() {
    super(503, "stopped", "Whoever asked for this evaluation is gone; ask again.");
  }
}

type Progress = Parameters<WaveHooks["onProgress"]>[0];

export async function handleEvaluate(
  request: Request,
  { BLOBS }: Pick<EdgeBindings, "BLOBS">,
): Promise<Response> {
  const holder = turn.take();
  if (!holder) return problemResponse(busy());
  const atEnd: (() => void)[] = [holder.end];
  const end = () => {
    for (const each of atEnd.splice(0).reverse()) each();
  };
  let material: Material;
  try {
    const { bytes, held } = await readWhole(request, LARGEST_EVALUATED);
    atEnd.push(() => held.release());
    material = await readMaterial(request, bytes, BLOBS);
    atEnd.push(material.release);
  } catch (error) {
    end();
    return problemResponse(asApiError(error));
  }
  const stop = new AbortController();
  // While nothing of the answer is out, only this tells that whoever asked is gone; `wrangler dev` never says so.
  request.signal.addEventListener("abort", () => stop.abort());
  const run = (onProgress: WaveHooks["onProgress"]) => {
    const work = evaluate(material, { holder, signal: stop.signal, onProgress }).finally(end);
    // Whatever becomes of the connection, the evaluation gets to its next pass, and there learns that it is to stop.
    waitUntil(work.catch(() => undefined));
    return work;
  };
  if (wantsResultAlone(request.headers.get("Accept"))) {
    return run(() => undefined).then(
      (result) => new Response(`${JSON.stringify(result)}\n`, { headers: answerHeaders("application/json") }),
      (error: Error) => problemResponse(asApiError(error)),
    );
  }
  return new Response(
    lines(run, () => stop.abort()),
    { headers: answerHeaders(NDJSON) },
  );
}

interface Run {
  readonly holder: Holder;
  readonly signal: AbortSignal;
  readonly onProgress: WaveHooks["onProgress"];
}

/** @throws StoppedError once the signal is given; what `runWaves` throws. */
async function evaluate(material: Material, { holder, signal, onProgress }: Run): Promise<Result> {
  let told: Progress | undefined;
  let toldAt = 0;
  const tell = (progress: Progress) => {
    told = progress;
    toldAt = Date.now();
    onProgress(progress);
  };
  const turns = new FairTurns();
  return runWaves(material, {
    onProgress: tell,
    beforePass: async () => {
      // Meanwhile it may turn out that nobody listens any more.
      await turns.give();
      if (signal.aborted) throw new StoppedError();
      holder.renew();
      if (told && Date.now() - toldAt >= SIGN_OF_LIFE) tell(told);
    },
  });
}

/** Progress, then the result or the problem. */
function lines(
  run: (onProgress: WaveHooks["onProgress"]) => Promise<Result>,
  stop: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (line: EvaluateLine) => controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`));
      const work = run((progress) => write({ progress }));
      work
        .then(
          (result) => write({ result }),
          async (error: Error) => {
            if (!(error instanceof StoppedError)) write({ problem: await problemOf(error) });
          },
        )
        .then(() => controller.close())
        .catch(stop);
    },
    cancel: stop,
  });
}

/** `Accept: application/json` asks for the result alone; whoever takes lines gets lines. */
function wantsResultAlone(accept: string | null): boolean {
  const types = (accept ?? "").split(",").map((type) => type.split(";")[0]!.trim().toLowerCase());
  return types.includes("application/json") && !types.includes(NDJSON);
}

function answerHeaders(type: string): Record<string, string> {
  return { "Content-Type": type, "Cache-Control": "no-store" };
}

async function problemOf(error: Error): Promise<Problem> {
  return problemResponse(asApiError(error)).json();
}

function busy(): ApiError {
  return new ApiError(
    429,
    "busy",
    `Another model is being evaluated, and only one can be at a time; try again in ${RETRY_AFTER} seconds.`,
    { headers: { "Retry-After": String(RETRY_AFTER) } },
  );
}

/** What is not thrown on purpose stays as it is, and is told as a defect. */
function asApiError(error: unknown): Error {
  if (error instanceof ApiError) return error;
  if (error instanceof ModelTooBigError) {
    return new ApiError(422, "model-too-big", error.message, { cause: error });
  }
  if (error instanceof LeaseLostError || error instanceof RuntimeCrashedError) {
    return new ApiError(503, "interrupted", error.message, {
      ...{ cause: error, headers: { "Retry-After": String(RETRY_AFTER) } },
    });
  }
  if (error instanceof PlateauError) {
    return new ApiError(422, "cannot-evaluate", error.message, { cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}
