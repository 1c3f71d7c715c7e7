/** The compute worker: shards from the queue, and evaluations over HTTP that the API passes on. */
import type { EdgeBindings } from "./environment.ts";
import { handleEvaluate } from "./evaluate/handle.ts";
import { handleQueue } from "./shards/queue.ts";

export default {
  fetch: handleEvaluate,
  queue: handleQueue,
} satisfies ExportedHandler<EdgeBindings>;
