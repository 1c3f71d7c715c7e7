/** The Workers that make up a board, and how `wrangler` is called. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface WorkerSource {
  /** Its wrangler.toml. */
  readonly config: string;
  /** What runs in place of its `main`. */
  readonly main?: string;
  /** Environment variables that it may read. */
  readonly secrets: readonly string[];
}

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The first one answers requests. */
export const WORKERS: readonly WorkerSource[] = [
  { config: join(ROOT, "wrangler.toml"), secrets: ["PLATEAU_OWNER_TOKEN"] },
  { config: join(ROOT, "worker/edge/wrangler.toml"), secrets: [] },
];

/** Its script itself: the one in node_modules/.bin would stand between us and its signals. */
export const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
  "wrangler-dist/cli.js",
);

/** Nothing of the caller's environment gets in but these: Wrangler would read a good many variables. */
const INHERITED = ["PATH", "HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE", "SystemRoot", "LANG"];

/**
 * @param folder for its own files.
 *
 * Looks nothing up outside, reports nothing, shows no page about its own storage, and keeps its files where they are
 * out of the way.
 */
export function wranglerEnvironment(folder: string): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(inherited),
    CI: "true",
    NO_COLOR: "1",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    X_LOCAL_EXPLORER: "false",
    X_LOCAL_OBSERVABILITY: "false",
    WRANGLER_LOG_PATH: join(folder, "logs"),
    WRANGLER_REGISTRY_PATH: join(folder, "registry"),
  };
}
