/** The API, metered. `GET /api/usage` takes what both Workers counted; `POST` does what is scheduled, and then the same. */
import api from "../../../worker/api/index.ts";
import type { Bindings } from "../../../worker/api/environment.ts";
import { handleScheduled } from "../../../worker/api/scheduled/handle.ts";
import { count, metered, takeUsage } from "./meter.ts";
import type { Usage, UsageReport } from "./usage.ts";

export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname !== "/api/usage") {
      count("requests");
      return api.fetch(request, metered(env), context);
    }
    if (request.method === "POST") await handleScheduled(metered(env), "", Date.now());
    const edge = await env.EDGE.fetch("http://edge/api/usage").then((response) => response.json<Usage>());
    return Response.json({ api: takeUsage(), edge } satisfies UsageReport);
  },
  // Not by itself: what is scheduled would be counted with what is measured.
} satisfies ExportedHandler<Bindings>;
