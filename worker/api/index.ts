/** The Worker: requests, and what is scheduled. */
import { app } from "./app.ts";
import { ASSETS, serveAsset } from "./assets.ts";
import type { Bindings } from "./environment.ts";
import { handleScheduled } from "./scheduled/handle.ts";

export default {
  fetch: (request, env, context) =>
    new URL(request.url).pathname.startsWith(ASSETS)
      ? serveAsset(env.ASSETS ?? null, request)
      : app.fetch(request, env, context),
  // Not the time it was scheduled for: locally, whoever asks could give any.
  scheduled: ({ cron }, env) => handleScheduled(env, cron, Date.now()),
} satisfies ExportedHandler<Bindings>;
