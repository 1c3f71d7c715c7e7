/** The API, with faults. `POST /api/faults` sets those of both Workers, and does what is done every minute. */
// First: it prepares the library of schemas.
import api from "../../../worker/api/index.ts";
import type { Bindings } from "../../../worker/api/environment.ts";
import { handleScheduled } from "../../../worker/api/scheduled/handle.ts";
import { faultReport, setFaults, withFaults } from "./faults.ts";
import type { FaultRequest } from "./settings.ts";

let requests = 0;

export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname !== "/api/faults") {
      return api.fetch(request, withFaults(env, `request ${++requests}`), context);
    }
    if (request.method === "POST") {
      const { api, edge, ahead } = await request.json<FaultRequest>();
      setFaults({ ...api, ahead });
      await env.EDGE.fetch("http://edge/api/faults", {
        method: "POST",
        body: JSON.stringify({ ...edge, ahead }),
      });
      // Leases and messages are looked after as every minute.
      await handleScheduled(env, "", Date.now());
    }
    const edge = await env.EDGE.fetch("http://edge/api/faults").then((response) => response.json());
    return Response.json({ api: faultReport(), edge });
  },
  scheduled: api.scheduled,
} satisfies ExportedHandler<Bindings>;
