/** What boards show of lent evaluations, and what others find. */
import { boardPageSchema, type BoardRow } from "../../../shared/api/boards.ts";
import { getAudit } from "../../../shared/api/client/work.ts";
import { LARGEST_EDGE_MODEL } from "../../../shared/api/edge-limits.ts";
import { resultSchema, type Result } from "../../../shared/evaluate/result-schema.ts";
import { bindings } from "./bindings.ts";
import { runToEnd, start, toyCheckpoint } from "./evaluations.ts";
import { inflated } from "./lent-worker.ts";
import { api, connectionOf, owner, tokenFor } from "./request.ts";

const { DB } = bindings;
export const FORGED = inflated("fisher-trace", 0.05);

export const rows = async (board: string): Promise<BoardRow[]> =>
  boardPageSchema.parse(await (await api(`boards/${board}`)).json()).rows;
export const auditOf = (id: string) => getAudit(connectionOf(owner), id);
export const blobs = async (id: string) =>
  (await bindings.BLOBS.list({ prefix: `evaluations/${id}/` })).objects.length;
export const forgetAll = () => DB.exec("DELETE FROM evaluations; DELETE FROM cut_offs");

export async function resultOf(checkpoint: string, suite: string): Promise<Result> {
  return resultSchema.parse(await (await api(`checkpoints/${checkpoint}/results/${suite}`)).json());
}

export function numbersOf({ measures, probes, zeroShot, perExample, receipt }: Result): object {
  return { measures, probes, zeroShot, perExample, epsilon: receipt.epsilon };
}

/** What the edge finds for the same model and suite, for comparison. */
export async function truthOf(suite: string, seed: number): Promise<Result> {
  const checkpoint = await toyCheckpoint(seed, await tokenFor(["submit"]));
  await runToEnd((await start(checkpoint, suite)).id);
  return resultOf(checkpoint, suite);
}

/** As if the model were too big for the edge. Workers have it by now. */
export async function tooBigForEdge(checkpoint: string): Promise<void> {
  await DB.prepare("UPDATE checkpoints SET bytes = ? WHERE id = ?")
    .bind(LARGEST_EDGE_MODEL + 1, checkpoint)
    .run();
}
