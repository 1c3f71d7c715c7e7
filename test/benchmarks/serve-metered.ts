/** A board that counts what Cloudflare would bill: see test/workerd/metered. Called as `plateau serve` is. */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { serve } from "../../worker/local/server/serve.ts";
import { WORKERS } from "../../worker/local/server/workers.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    storage: { type: "string", default: "" },
    seed: { type: "string" },
    json: { type: "boolean" },
  },
});
const sources = ["api", "edge"].map((name, i) => ({
  ...WORKERS[i]!,
  main: fileURLToPath(new URL(`../workerd/metered/${name}.ts`, import.meta.url)),
}));
const options = {
  host: "127.0.0.1",
  port: Number(values.port),
  storage: values.storage,
  seed: [],
  json: true,
};
process.exitCode = await serve(options, sources);
