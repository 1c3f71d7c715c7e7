/** The dashboard's files, built. */
import { readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { keptBuild } from "./kept-builds.ts";
import { runNode } from "./run-node.ts";
import { ROOT } from "./workers.ts";

const DASHBOARD = join(ROOT, "dashboard");
/** Besides its own: what it imports from there. */
const SHARED = join(ROOT, "shared");
const vite = () => join(dirname(createRequire(import.meta.url).resolve("vite/package.json")), "bin/vite.js");

/** Answers their folder. @throws ProgramError with the compiler's words. */
export function builtDashboard(): Promise<string> {
  return keptBuild({
    name: "the dashboard",
    async build(draft) {
      const args = ["build", DASHBOARD, "--outDir", draft, "--emptyOutDir", "--logLevel", "error"];
      await runNode(vite(), args, { env: process.env, doing: "Building the dashboard" });
      const own = (await filesOf(DASHBOARD)).filter((path) => !path.startsWith(join(DASHBOARD, "build")));
      const shared = (await filesOf(SHARED)).filter((path) => !path.endsWith(".test.ts"));
      return [...own, ...shared, join(ROOT, "package-lock.json")];
    },
  });
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
