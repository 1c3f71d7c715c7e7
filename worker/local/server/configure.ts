/** Puts together what `wrangler dev` is told: built Workers; settings and the dashboard's files for the first of them. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeFailure } from "../failure.ts";
import { bundledWorker } from "./bundle.ts";
import { builtDashboard } from "./dashboard.ts";
import type { Settings } from "./settings.ts";
import type { Storage } from "./storage.ts";
import type { WorkerSource } from "./workers.ts";

/**
 * Answers the paths of the configurations. A board without a dashboard is still one.
 *
 * @throws ProgramError where a Worker cannot be built.
 */
export async function configure(
  { wrangler }: Storage,
  sources: readonly WorkerSource[],
  { vars, secrets }: Settings,
  tell: (line: string) => void,
): Promise<string[]> {
  const [workers, dashboard] = await Promise.all([
    Promise.all(sources.map(bundledWorker)),
    builtDashboard().catch((error: unknown) => {
      tell(`going on without the dashboard: ${describeFailure(error)}`);
      return null;
    }),
  ]);
  await mkdir(wrangler, { recursive: true });
  return Promise.all(
    workers.map(async ({ assets, ...worker }, i) => {
      const files = assets && dashboard !== null ? { assets: { ...assets, directory: dashboard } } : {};
      const given =
        i === 0
          ? {
              vars: { ...worker.vars, ...vars },
              secrets: { required: [...(worker.secrets?.required ?? []), ...Object.keys(secrets)] },
            }
          : {};
      const path = join(wrangler, `${worker.name}.json`);
      await writeFile(path, JSON.stringify({ ...worker, ...given, ...files }, null, 2));
      return path;
    }),
  );
}
