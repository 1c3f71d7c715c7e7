import { expect, test } from "vitest";
import { checkpointSchema } from "../../../shared/api/checkpoints.ts";
import { handleScheduled } from "../scheduled/handle.ts";
import { bindings } from "../testing/bindings.ts";
import { newEvaluation, publish, runToEnd, shardsOf, start, toyCheckpoint } from "../testing/evaluations.ts";
import { suiteText } from "../testing/small-suite.ts";
import { LentWorker, replayAtEdge, replaysOf, work } from "../testing/lent-worker.ts";
import { api, owner } from "../testing/request.ts";
import { FORGED, rows, auditOf, blobs, forgetAll } from "../testing/trust.ts";

const { DB } = bindings;

test("when another result takes the place of an unverified one, nothing of it is left to be checked", async () => {
  await forgetAll();
  const { id, checkpoint } = await newEvaluation("replaced", 11, "lent");
  await work(id, [await LentWorker.create()]);
  const newer = await runToEnd((await start(checkpoint, "replaced")).id);
  expect(newer).toMatchObject({ state: "finished", device: "edge" });
  expect(await rows("replaced")).toMatchObject([{ origin: "edge" }]);
  expect(await auditOf(id)).toMatchObject({ standing: "superseded", replays: [] });
  expect(await auditOf(newer.id)).toMatchObject({
    device: "edge",
    standing: "edge",
    workers: [],
    replays: [],
  });
  expect(await shardsOf(id)).toEqual([]);
  await handleScheduled(bindings, "", Date.now());
  expect(await blobs(id)).toBe(0);

  // As when an import has replaced it.
  const gone = await start(checkpoint, "replaced", owner, "lent");
  await work(gone.id, [await LentWorker.create()]);
  await DB.prepare("DELETE FROM results WHERE checkpoint = ?").bind(checkpoint).run();
  await replayAtEdge(gone.id);
  expect(await auditOf(gone.id)).toMatchObject({ standing: "superseded" });
  expect([await shardsOf(gone.id), await blobs(gone.id)]).toEqual([[], 0]);
});

test("while another evaluation is under way a forged one is not begun again: the other's result will be the row", async () => {
  await forgetAll();
  await publish(suiteText("overtaken@1"));
  const checkpoint = await toyCheckpoint(15);
  const forger = await LentWorker.create(FORGED);
  const forged = await start(checkpoint, "overtaken", owner, "lent");
  await work(forged.id, [forger]);
  const other = await start(checkpoint, "overtaken");
  await replayAtEdge(forged.id);
  expect(await auditOf(forged.id)).toMatchObject({ standing: "superseded" });
  expect(await rows("overtaken")).toEqual([]);
  await runToEnd(other.id);
  expect(await rows("overtaken")).toMatchObject([{ origin: "edge" }]);
});

test("a row that an admin has hidden stays hidden while it is done anew", async () => {
  await forgetAll();
  const { id, checkpoint } = await newEvaluation("kept-hidden", 12, "lent");
  await work(id, [await LentWorker.create(FORGED)]);
  const hide = { token: owner, json: { reason: "not a model" } };
  expect((await api(`boards/kept-hidden/rows/${checkpoint}/hide`, hide)).status).toBe(200);
  await replayAtEdge(id);
  await work(id, [await LentWorker.create()]);
  await replayAtEdge(id);
  expect(await rows("kept-hidden")).toEqual([]);
  const { results } = checkpointSchema.parse(await (await api(`checkpoints/${checkpoint}`)).json());
  expect(results).toMatchObject([{ origin: "replicated", hidden: { reason: "not a model" } }]);
});

test("messages that get lost are sent again, and what was broken off is taken up", async () => {
  await forgetAll();
  const { id } = await newEvaluation("lost", 13, "lent");
  const forger = await LentWorker.create(FORGED);
  await work(id, [forger]);
  const sent: object[] = [];
  const SHARDS = {
    sendBatch: (messages: Iterable<MessageSendRequest>) => {
      sent.push(...[...messages].map(({ body }) => body as object));
      return Promise.resolve();
    },
  } as unknown as typeof bindings.SHARDS;
  const env = { ...bindings, SHARDS };
  await handleScheduled(env, "", Date.now() + 120_000);
  const open = await replaysOf(id);
  expect(sent).toHaveLength(open.length + 1);
  for (const { id: replay, shard } of open) expect(sent).toContainEqual({ evaluation: id, shard, replay });
  expect(sent).toContainEqual({ evaluation: id, shard: null });
  // Whoever cut it off got no further.
  await DB.prepare(
    "INSERT INTO cut_offs (worker, at, reason, evaluation, shard) VALUES (?, 0, 'Wrong.', ?, 'prepare')",
  )
    .bind(forger.id, id)
    .run();
  expect(await rows("lost")).toHaveLength(1);
  await handleScheduled(env, "", Date.now());
  expect(await rows("lost")).toEqual([]);
  expect(await shardsOf(id)).toEqual([]);
});
