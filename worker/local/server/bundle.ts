/**
 * A Worker as one bundle. Run from its sources, it would be bundled at every start, and whatever it is doing would be lost
 * whenever a file is saved.
 */
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { keptBuild } from "./kept-builds.ts";
import { runNode } from "./run-node.ts";
import { ROOT, WRANGLER, wranglerEnvironment, type WorkerSource } from "./workers.ts";

/** What is looked at of a wrangler.toml. */
export interface WorkerConfig {
  readonly name: string;
  readonly main: string;
  readonly assets?: object;
  readonly vars?: object;
  readonly secrets?: { readonly required: readonly string[] };
  readonly d1_databases?: readonly { readonly migrations_dir?: string }[];
}

const CONFIG = "config.json";
/** What Wrangler calls the list of all that went in. */
const METAFILE = "bundle-meta.json";

/** Answers the Worker's configuration, with a `main` that needs no more building. */
export async function bundledWorker(source: WorkerSource): Promise<WorkerConfig> {
  const { config, main } = source;
  const folder = await keptBuild({
    name: `the Worker of ${config}${main === undefined ? "" : ` with ${main}`}`,
    build: (draft) => build(source, draft),
  });
  const built = JSON.parse(await readFile(join(folder, CONFIG), "utf8")) as WorkerConfig;
  return { ...built, main: join(folder, built.main) };
}

async function build({ config, main, secrets }: WorkerSource, draft: string): Promise<string[]> {
  const { experimental_readRawConfig: readConfig } = await import("wrangler");
  const raw = readConfig({ config }).rawConfig as WorkerConfig;
  const args = ["deploy", ...(main === undefined ? [] : [main]), "--dry-run", "--config", config];
  // The dashboard's files come later, from elsewhere; any folder will do for now.
  if (raw.assets) args.push("--assets", draft);
  await runNode(WRANGLER, [...args, "--outdir", draft, "--metafile"], {
    env: wranglerEnvironment(join(draft, "wrangler")),
    doing: `Building ${config}`,
  });
  const { inputs } = JSON.parse(await readFile(join(draft, METAFILE), "utf8")) as { inputs: object };
  const folder = dirname(config);
  const built = {
    ...raw,
    main: `${basename(main ?? raw.main).replace(/\.[cm]?[jt]s$/, "")}.js`,
    no_bundle: true,
    secrets: { required: secrets },
    d1_databases: raw.d1_databases?.map((database) => ({
      ...database,
      ...(database.migrations_dir && { migrations_dir: resolve(folder, database.migrations_dir) }),
    })),
  };
  await writeFile(join(draft, CONFIG), JSON.stringify(built, null, 2));
  // Paths are relative to the configuration, or to where Wrangler ran.
  const base = main === undefined ? folder : ROOT;
  return [config, ...Object.keys(inputs).map((path) => resolve(base, path))];
}
