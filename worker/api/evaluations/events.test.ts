import { expect, test } from "vitest";
import { evaluationEventSchema, type EvaluationEvent } from "../../../shared/api/evaluations.ts";
import { bindings } from "../testing/bindings.ts";
import { addOpaqueShards, newEvaluation } from "../testing/evaluations.ts";
import { api } from "../testing/request.ts";
import { evaluationEvents } from "./events.ts";
import { claimShard, completeShard, failShard } from "./leases.ts";

const { DB } = bindings;
const claim = async (id: string, shard: string) =>
  (await claimShard(DB, { evaluation: id, shard }, "workerd", Date.now()))!;

interface Sent {
  readonly id: string;
  readonly event: string;
  readonly data: EvaluationEvent;
}

/** As a browser takes a stream apart: comments and `retry` are no events. */
function eventsIn(text: string): Sent[] {
  return text.split("\n\n").flatMap((block) => {
    const fields = Object.fromEntries(
      block
        .split("\n")
        .filter((line) => !line.startsWith(":"))
        .map((line) => line.split(/: (.*)/s) as [string, string]),
    );
    if (fields["data"] === undefined) return [];
    const data = evaluationEventSchema.parse(JSON.parse(fields["data"]));
    return [{ id: fields["id"]!, event: fields["event"]!, data }];
  });
}

/** What happens between looks, one piece after another; nothing after the last. */
async function follow(id: string, happenings: (() => Promise<unknown>)[], lastId?: string, looks = 40) {
  const wait = async () => void (await happenings.shift()?.());
  let text = "";
  for await (const piece of evaluationEvents(DB, id, { lastId, wait, looks })) text += piece;
  return { text, events: eventsIn(text) };
}

test("tells what is new, up to the end, and to whoever comes back what is new since", async () => {
  const { id } = await newEvaluation("events", 1);
  const nothing = () => Promise.resolve();
  const { text, events } = await follow(id, [
    nothing,
    () => addOpaqueShards(id, ["a", "b"]),
    () => claim(id, "a"),
    nothing,
    async () => {
      await bindings.DB.prepare("UPDATE shards SET state = 'open' WHERE id = 'a'").run();
      await completeShard(DB, await claim(id, "a"), "x", Date.now());
    },
    async () => failShard(DB, await claim(id, "b"), { reason: "No.", final: true }, Date.now()),
  ]);
  expect(text).toMatch(/^retry: \d+\n\n/);
  expect(events.map(({ event, data }) => [event, data.state, data.progress.shards.done])).toEqual([
    ["progress", "queued", 0],
    ["progress", "queued", 0],
    ["progress", "running", 0],
    ["progress", "running", 1],
    ["end", "failed", 1],
  ]);
  expect(events.at(-1)!.data).toMatchObject({ id, stage: "measuring", reason: "No." });
  expect(new Set(events.map((each) => each.id)).size).toBe(events.length);

  const resumed = await follow(id, [], events[2]!.id);
  expect(resumed.events).toEqual(events.slice(-1));
  const known = await api(`evaluations/${id}/events`, { headers: { "Last-Event-ID": events.at(-1)!.id } });
  expect(known.status).toBe(204);
});

test("says that it is alive, and ends after a while", async () => {
  const { id } = await newEvaluation("silent", 2);
  const { text, events } = await follow(id, []);
  expect(events).toHaveLength(1);
  expect(text.match(/^: /gm)).toHaveLength(2);
});

test("over HTTP, a stream of an evaluation that has ended is its last event", async () => {
  const { id } = await newEvaluation("ended", 3);
  await addOpaqueShards(id, ["a"]);
  await failShard(DB, await claim(id, "a"), { reason: "No.", final: true }, Date.now());
  const response = await api(`evaluations/${id}/events`, { headers: { "Last-Event-ID": "of another time" } });
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  expect(eventsIn(await response.text())).toMatchObject([{ event: "end", data: { state: "failed" } }]);
});

test("over HTTP, a stream tells what happens while it is read, and stops when nobody reads it", async () => {
  const { id } = await newEvaluation("read", 4);
  await addOpaqueShards(id, ["a"]);
  const reader = (await api(`evaluations/${id}/events`))
    .body!.pipeThrough(new TextDecoderStream())
    .getReader();
  let text = "";
  const until = async (state: string) => {
    while (!text.includes(`"state":"${state}"`)) text += (await reader.read()).value!;
  };
  await until("queued");
  await claim(id, "a");
  await until("running");
  await reader.cancel();
  expect(eventsIn(text)).toHaveLength(2);
});

test("a stream ends where the evaluation goes with its checkpoint", async () => {
  const { id } = await newEvaluation("vanishes", 5);
  const { events } = await follow(id, [
    () => bindings.DB.prepare("DELETE FROM evaluations WHERE id = ?").bind(id).run(),
  ]);
  expect(events).toHaveLength(1);
});
