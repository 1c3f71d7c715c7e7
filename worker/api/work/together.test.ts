import { expect, test } from "vitest";
import { ProblemError } from "../../../shared/api/client/errors.ts";
import { sendResult } from "../../../shared/api/client/work.ts";
import { resultSchema } from "../../../shared/evaluate/result-schema.ts";
import { bindings } from "../testing/bindings.ts";
import { deliver, publish, show, start, toyCheckpoint } from "../testing/evaluations.ts";
import { LentWorker, work } from "../testing/lent-worker.ts";
import { api, tokenFor } from "../testing/request.ts";
import { suiteText } from "../testing/small-suite.ts";

async function resultOf(checkpoint: string): Promise<object> {
  const whole = resultSchema.parse(await (await api(`checkpoints/${checkpoint}/results/together`)).json());
  const { measures, probes, zeroShot, perExample } = whole;
  return { measures, probes, zeroShot, perExample };
}

async function evaluation(seed: number): Promise<{ readonly id: string; readonly checkpoint: string }> {
  // The same model of someone else is a checkpoint of its own.
  const token = await tokenFor(["submit"]);
  return start(await toyCheckpoint(seed, token), "together", token, "lent");
}

const expire = (lease: string) =>
  bindings.DB.prepare("UPDATE shards SET lease_expires = 0 WHERE lease = ?").bind(lease).run();

test("four workers, one killed and one paused past its lease: the result of one that is left alone", async () => {
  await publish(suiteText("together@1"));
  const alone = await evaluation(1);
  await work(alone.id, [await LentWorker.create()]);

  const { id, checkpoint } = await evaluation(1);
  const workers = await Promise.all(Array.from({ length: 4 }, () => LentWorker.create()));
  const [killed, paused] = workers as [LentWorker, LentWorker];
  const rest = workers.slice(2);
  await deliver(id, null);
  const prepare = (await paused.claim({ prefer: id }))!;
  const late = await paused.run(prepare);
  await expire(prepare.lease);
  expect(await rest[0]!.step({ prefer: id })).toBe("prepare");
  await deliver(id, null);
  await expect(sendResult(paused.connection, prepare.lease, { payload: late, seconds: 1 })).rejects.toThrow(
    ProblemError,
  );
  const lost = (await killed.claim({ prefer: id }))!;
  const slow = (await paused.claim({ prefer: id }))!;
  // All the others at once.
  const shards = await Promise.all(rest.map((worker) => worker.claim({ prefer: id })));
  for (const [i, each] of shards.entries()) if (each) await rest[i]!.finish(each);
  const tooLate = await paused.run(slow);
  for (const { lease } of [lost, slow]) await expire(lease);
  await work(id, rest);
  await expect(sendResult(paused.connection, slow.lease, { payload: tooLate, seconds: 1 })).rejects.toThrow(
    /holds no lease/,
  );
  expect(await show(id)).toMatchObject({ state: "finished", attempt: 1 });
  expect(await resultOf(checkpoint)).toEqual(await resultOf(alone.checkpoint));
});
