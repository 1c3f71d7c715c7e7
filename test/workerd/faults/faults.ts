/**
 * Storage that fails now and then, and queues that lose or repeat: what a Worker is given, with faults that a test asks for.
 * It stands between the Worker and the real thing, which does all the work.
 */
import type { ShardMessage } from "../../../worker/api/evaluations/messages.ts";
import type { EvaluationBindings } from "../../../worker/api/evaluations/bindings.ts";
import type { FaultReport, FaultSettings } from "./settings.ts";

let settings: Required<FaultSettings> = { mode: null, lose: 0, repeat: false, ahead: 0 };
const seen = new Set<string>();
const failed = new Set<string>();
/** How often something failed in a piece of work. */
const failures = new Map<string, number>();
/** Pieces of work whose shard is done: what fails after that is no failure of the shard. */
const done = new Set<string>();
/** A shard that fails three times is given up, as it should be. */
const MOST_FAILURES = 2;
let messages = 0;
let lost = 0;

const now = Date.now.bind(Date);
Date.now = () => now() + settings.ahead;

export function setFaults(change: FaultSettings): void {
  if (change.mode !== undefined) {
    for (const known of [seen, failed, failures, done]) known.clear();
  }
  settings = { ...settings, ...change };
}

export function faultReport(): FaultReport {
  return { seen: [...seen], failed: [...failed], lost };
}

/** @param work a name for the piece of work that the bindings are for, such as the message that it follows from. */
export function withFaults<B extends Pick<EvaluationBindings, "DB" | "BLOBS" | "SHARDS">>(
  bindings: B,
  work: string,
): B {
  const call = <T>(kind: string, make: () => Promise<T>) => maybeFail(kind, work, make);
  return {
    ...bindings,
    DB: databaseWith(bindings.DB, call),
    BLOBS: bucketWith(bindings.BLOBS, call),
    SHARDS: queueWith(bindings.SHARDS, call),
  };
}

type Call = <T>(kind: string, make: () => Promise<T>) => Promise<T>;

async function maybeFail<T>(kind: string, work: string, make: () => Promise<T>): Promise<T> {
  seen.add(kind);
  const { mode } = settings;
  const before = failures.get(work) ?? 0;
  if (mode === null || failed.has(kind) || (before >= MOST_FAILURES && !done.has(work))) {
    const answer = await make();
    if (kind.startsWith("D1 UPDATE shards SET state = 'done'")) done.add(work);
    return answer;
  }
  failed.add(kind);
  failures.set(work, before + 1);
  if (mode === "after") await make();
  throw new Error(`a fault that the test asked for: ${kind.slice(0, 100)}`);
}

const statements = new WeakMap<D1PreparedStatement, { inner: D1PreparedStatement; sql: string }>();

function databaseWith(database: D1Database, call: Call): D1Database {
  const statement = (inner: D1PreparedStatement, sql: string): D1PreparedStatement => {
    const outer = {
      bind: (...values: unknown[]) => statement(inner.bind(...values), sql),
      first: (column?: string) =>
        call(`D1 ${sql}`, () => (column === undefined ? inner.first() : inner.first(column))),
      run: () => call(`D1 ${sql}`, () => inner.run()),
      all: () => call(`D1 ${sql}`, () => inner.all()),
    } as D1PreparedStatement;
    statements.set(outer, { inner, sql });
    return outer;
  };
  return {
    prepare: (sql: string) => statement(database.prepare(sql), sql),
    batch: (list: D1PreparedStatement[]) => {
      const all = list.map((each) => statements.get(each)!);
      const kind = `D1 ${all.map(({ sql }) => sql).join("; ")}`;
      return call(kind, () => database.batch(all.map(({ inner }) => inner)));
    },
  } as unknown as D1Database;
}

function bucketWith(bucket: R2Bucket, call: Call): R2Bucket {
  const methods = ["head", "get", "put", "delete", "list"] as const;
  return Object.fromEntries(
    methods.map((method) => [
      method,
      (...args: [unknown, unknown?]) => {
        const key = typeof args[0] === "string" ? args[0] : JSON.stringify(args[0] ?? "");
        const make = () => (bucket[method] as (...all: [unknown, unknown?]) => Promise<unknown>)(...args);
        const outcome = call(`R2 ${method} ${key.replace(/\/.*$/, "/")}`, make);
        // As the real one does with what it will not read.
        return outcome.catch(async (error: unknown) => {
          if (args[1] instanceof ReadableStream && !args[1].locked) await args[1].cancel(error);
          throw error;
        });
      },
    ]),
  ) as unknown as R2Bucket;
}

function queueWith(queue: Queue<ShardMessage>, call: Call): Queue<ShardMessage> {
  return {
    sendBatch: (batch: Iterable<MessageSendRequest<ShardMessage>>) =>
      call("queue", async () => {
        const { lose, repeat } = settings;
        const kept = [...batch].filter(() => lose === 0 || ++messages % lose !== 0 || (lost++, false));
        const sent = repeat ? [...kept, ...kept] : kept;
        if (sent.length > 0) await queue.sendBatch(sent);
      }),
  } as unknown as Queue<ShardMessage>;
}
