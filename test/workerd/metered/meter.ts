/** Counts what Cloudflare bills: rows of D1, operations of R2, messages. The real things do all the work. */
import type { EvaluationBindings } from "../../../worker/api/evaluations/bindings.ts";
import type { ShardMessage } from "../../../worker/api/evaluations/messages.ts";
import type { Usage } from "./usage.ts";

const NOTHING: Usage = {
  ...{ requests: 0, statements: 0, rowsRead: 0, rowsWritten: 0 },
  ...{ classA: 0, classB: 0, messages: 0, delivered: 0 },
};
let usage: Usage = { ...NOTHING };

/** Since it was taken last. */
export function takeUsage(): Usage {
  const taken = usage;
  usage = { ...NOTHING };
  return taken;
}

export function count(what: keyof Usage, by = 1): void {
  usage[what] += by;
}

export function metered<B extends Pick<EvaluationBindings, "DB" | "BLOBS" | "SHARDS">>(bindings: B): B {
  return {
    ...bindings,
    DB: database(bindings.DB),
    BLOBS: bucket(bindings.BLOBS),
    SHARDS: queue(bindings.SHARDS),
  };
}

function counted<T extends D1Result<unknown>>(result: T): T {
  count("statements");
  count("rowsRead", result.meta.rows_read);
  count("rowsWritten", result.meta.rows_written);
  return result;
}

const inner = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

function database(real: D1Database): D1Database {
  const statement = (known: D1PreparedStatement): D1PreparedStatement => {
    const outer = {
      bind: (...values: unknown[]) => statement(known.bind(...values)),
      // `first` itself does not tell what it read.
      first: async (column?: string) => {
        const row = counted(await known.all<Record<string, unknown>>()).results[0];
        return row === undefined ? null : column === undefined ? row : row[column];
      },
      run: async () => counted(await known.run()),
      all: async () => counted(await known.all()),
    } as unknown as D1PreparedStatement;
    inner.set(outer, known);
    return outer;
  };
  return {
    prepare: (sql: string) => statement(real.prepare(sql)),
    batch: async (list: D1PreparedStatement[]) =>
      (await real.batch(list.map((each) => inner.get(each)!))).map(counted),
  } as unknown as D1Database;
}

/** Deleting is free. */
const CLASSES = { head: "classB", get: "classB", put: "classA", list: "classA", delete: null } as const;

function bucket(real: R2Bucket): R2Bucket {
  return Object.fromEntries(
    Object.entries(CLASSES).map(([method, kind]) => [
      method,
      (...args: unknown[]) => {
        if (kind) count(kind);
        return (real[method as keyof typeof CLASSES] as (...all: unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as R2Bucket;
}

function queue(real: Queue<ShardMessage>): Queue<ShardMessage> {
  return {
    sendBatch: (batch: Iterable<MessageSendRequest<ShardMessage>>) => {
      const all = [...batch];
      count("messages", all.length);
      return real.sendBatch(all);
    },
  } as unknown as Queue<ShardMessage>;
}
