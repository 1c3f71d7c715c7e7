/** Messages of the queue that shards are handed out by: they only say where to look, and may come twice or never. */
import { z } from "zod";
import { evaluationIdSchema } from "../../../shared/api/evaluations.ts";

export const shardMessageSchema = z.object({
  evaluation: evaluationIdSchema,
  /** Null: find out what comes next. */
  shard: z.string().max(120).nullable(),
  /** To check a lent worker: which replay of the shard it is. */
  replay: z.number().int().positive().exactOptional(),
});

export type ShardMessage = z.infer<typeof shardMessageSchema>;

/** So many fit into one call. */
const AT_ONCE = 100;

export async function sendShards(
  queue: Queue<ShardMessage>,
  evaluation: string,
  shards: readonly string[],
): Promise<void> {
  await sendAll(
    queue,
    shards.map((shard) => ({ evaluation, shard })),
  );
}

/** Shards to run again. */
export async function sendReplays(
  queue: Queue<ShardMessage>,
  evaluation: string,
  replays: readonly { readonly id: number; readonly shard: string }[],
): Promise<void> {
  await sendAll(
    queue,
    replays.map(({ id, shard }) => ({ evaluation, shard, replay: id })),
  );
}

/** Has someone find out what comes next. */
export async function wake(queue: Queue<ShardMessage>, evaluations: readonly string[]): Promise<void> {
  await sendAll(
    queue,
    evaluations.map((evaluation) => ({ evaluation, shard: null })),
  );
}

async function sendAll(queue: Queue<ShardMessage>, messages: readonly ShardMessage[]): Promise<void> {
  for (let i = 0; i < messages.length; i += AT_ONCE) {
    await queue.sendBatch(messages.slice(i, i + AT_ONCE).map((body) => ({ body })));
  }
}
