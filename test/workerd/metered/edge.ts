/** The compute worker, metered. */
import edge from "../../../worker/edge/index.ts";
import type { EdgeBindings } from "../../../worker/edge/environment.ts";
import { count, metered, takeUsage } from "./meter.ts";

export default {
  fetch: (request, env) =>
    new URL(request.url).pathname === "/api/usage"
      ? Response.json(takeUsage())
      : edge.fetch(request, metered(env)),
  queue(batch, env) {
    count("delivered");
    return edge.queue(batch, metered(env));
  },
} satisfies ExportedHandler<EdgeBindings>;
