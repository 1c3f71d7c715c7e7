/** Whether a shard is one of a suite's: specifications may come from a database or a stranger. */
import { PlateauError } from "../errors.ts";
import { sentencePools } from "../probes/sentence-pool.ts";
import type { Suite } from "../suites/suite.ts";
import { shardSchema, type Shard } from "./shard.ts";

/** A shard that no plan of this suite has. Plan the evaluation again. */
export class ShardError extends PlateauError {}

/** @throws ShardError with the field that is wrong. */
export function assertShard(shard: unknown, suite: Suite): Shard {
  const parsed = shardSchema.safeParse(shard);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new ShardError(`This is no shard: ${path.length > 0 ? `${path.join(".")}: ` : ""}${message}.`);
  }
  const wrong = objection(parsed.data, suite);
  if (wrong === null) return parsed.data;
  throw new ShardError(`${parsed.data.id} is no shard of ${suite.definition.id}: ${wrong}.`);
}

function objection({ spec }: Shard, suite: Suite): string | null {
  const { corpus, tasks } = suite;
  const beyond = (what: string, total: number) => {
    const { first, count } = spec as { first: number; count: number };
    return first + count <= total
      ? null
      : `it is about ${what} ${first} to ${first + count - 1}, but there are ${total}`;
  };
  switch (spec.kind) {
    case "prepare":
      return null;
    case "measure":
      return beyond("examples", corpus.examples.length);
    case "extract": {
      const pool = sentencePools(suite)[spec.pool];
      return pool ? beyond("sentences", pool.sentences.length) : `it has no pool ${spec.pool} of sentences`;
    }
    case "fit":
      return tasks[spec.task]?.kind === "probe" ? null : `task ${spec.task} is no probe`;
    case "compare": {
      const task = tasks[spec.task];
      if (task?.kind === "minimal-pairs") return beyond("pairs", task.pairs.length);
      if (task?.kind === "multiple-choice") return beyond("items", task.items.length);
      return `task ${spec.task} compares nothing`;
    }
  }
}
