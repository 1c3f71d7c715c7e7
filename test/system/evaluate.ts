/** Uploads and evaluations through the typed client, as a program would. */
import { setTimeout as sleep } from "node:timers/promises";
import { getResult } from "../../shared/api/client/checkpoints.ts";
import type { Connection } from "../../shared/api/client/connection.ts";
import { getEvaluation, startEvaluation } from "../../shared/api/client/evaluations.ts";
import { publishSuite } from "../../shared/api/client/suites.ts";
import { uploadModel } from "../../shared/api/client/upload-model.ts";
import type { Checkpoint } from "../../shared/api/checkpoints.ts";
import type { Evaluation } from "../../shared/api/evaluations.ts";
import { sha256Of, type Material } from "./material.ts";

/** Publishes the suite and uploads the model; twice is once. */
export async function bringIn(
  connection: Connection,
  { suite, file, model }: Material,
  wait = (seconds: number): Promise<void> => sleep(1000 * seconds),
): Promise<Checkpoint> {
  await publishSuite(connection, suite.text);
  return uploadModel(
    connection,
    { file, bytes: model.length, sha256: sha256Of(model) },
    { read: (offset, length) => model.subarray(offset, offset + length), wait },
  );
}

/** Begins an evaluation. */
export function begin(connection: Connection, { id }: Checkpoint, { suite }: Material): Promise<Evaluation> {
  return startEvaluation(connection, { checkpoint: id, suite: suite.id });
}

/**
 * Looks now and then until `wanted` says yes. Meanwhile the server may be gone.
 *
 * @throws when it takes longer than `seconds`.
 */
export async function until(
  connection: Connection,
  id: string,
  wanted: (evaluation: Evaluation) => boolean,
  seconds = 90,
): Promise<Evaluation> {
  const end = performance.now() + 1000 * seconds;
  let last: Evaluation | null = null;
  while (performance.now() < end) {
    last = await getEvaluation(connection, id).catch(() => null);
    if (last && wanted(last)) return last;
    await sleep(100);
  }
  throw new Error(`not reached in ${seconds} s: ${JSON.stringify(last)}`);
}

export const hasEnded = ({ state }: Evaluation) => state === "finished" || state === "failed";

/** To the end. @throws where it failed. */
export async function finished(
  connection: Connection,
  { id }: Pick<Evaluation, "id">,
  seconds?: number,
): Promise<Evaluation> {
  const evaluation = await until(connection, id, hasEnded, seconds);
  if (evaluation.state === "failed") throw new Error(`${evaluation.stage}: ${evaluation.reason}`);
  return evaluation;
}

/** All numbers of a result: what must not depend on what happened meanwhile. */
export async function numbersOf(
  connection: Connection,
  { id }: Checkpoint,
  { suite }: Material,
): Promise<object> {
  const { measures, probes, zeroShot, perExample, receipt } = await getResult(connection, id, suite.id);
  const { epsilon, selfCheck, rounding } = receipt;
  return { measures, probes, zeroShot, perExample, epsilon, selfCheck, rounding };
}
