/** The two queues: shards, and messages for shards that came to nothing again and again. */
import { giveUp } from "../../api/evaluations/give-up.ts";
import { shardMessageSchema } from "../../api/evaluations/messages.ts";
import type { EdgeBindings } from "../environment.ts";
import { consume } from "./consume.ts";

/** As wrangler.toml calls it. */
export const DEAD_LETTERS = "plateau-shards-dead";

const UNREACHABLE =
  "The storage of this board failed again and again while this was to be run; try again later.";
/** Seconds before a message comes again, times the attempts so far. */
const DELAY = 2;

export async function handleQueue(batch: MessageBatch, bindings: EdgeBindings): Promise<void> {
  for (const message of batch.messages) {
    const parsed = shardMessageSchema.safeParse(message.body);
    if (!parsed.success) {
      // eslint-disable-next-line no-console -- nobody but this project writes to the queue
      console.error("A message is not one about a shard:", JSON.stringify(message.body)?.slice(0, 200));
      message.ack();
      continue;
    }
    try {
      if (batch.queue === DEAD_LETTERS) await giveUp(bindings.DB, parsed.data, UNREACHABLE, Date.now());
      else if ((await consume(bindings, parsed.data)) === "retry") {
        message.retry({ delaySeconds: DELAY * message.attempts });
        continue;
      }
      message.ack();
    } catch (error) {
      // eslint-disable-next-line no-console -- the message comes again, and whoever runs the server may want to know
      console.error(`${JSON.stringify(parsed.data)}, attempt ${message.attempts}:`, error);
      message.retry({ delaySeconds: DELAY * message.attempts });
    }
  }
}
