/** The compute worker, with faults. */
import edge from "../../../worker/edge/index.ts";
import type { EdgeBindings } from "../../../worker/edge/environment.ts";
import { faultReport, setFaults, withFaults } from "./faults.ts";
import type { EdgeReport, FaultSettings } from "./settings.ts";

/** Messages that are being handled. */
let handled = 0;

export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== "/api/faults") return edge.fetch(request, env);
    if (request.method === "POST") setFaults(await request.json<FaultSettings>());
    return Response.json({ ...faultReport(), handled } satisfies EdgeReport);
  },
  async queue(batch, env) {
    handled++;
    try {
      await edge.queue(batch, withFaults(env, JSON.stringify(batch.messages[0]!.body)));
    } finally {
      handled--;
    }
  },
} satisfies ExportedHandler<EdgeBindings>;
