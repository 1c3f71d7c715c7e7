/** What browsers fetch before a board can be used: files of the build, compressed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { beforeAll, expect, test } from "vitest";

type Chunk = Rolldown.OutputChunk;

const DASHBOARD = fileURLToPath(new URL("../../dashboard/", import.meta.url));
let files: ReadonlyMap<string, Rolldown.OutputAsset | Chunk>;

beforeAll(async () => {
  const built = (await build({
    configFile: join(DASHBOARD, "vite.config.ts"),
    logLevel: "error",
    build: { write: false },
  })) as Rolldown.RolldownOutput;
  files = new Map(built.output.map((file) => [file.fileName, file]));
});

const chunks = () => [...files.values()].filter((file): file is Chunk => file.type === "chunk");

/** The chunks that begin with these modules, and all that those import at once. */
function loadedFor(...modules: string[]): Chunk[] {
  const found = new Set<Chunk>();
  const visit = (chunk: Chunk | undefined) => {
    if (!chunk || found.has(chunk)) return;
    found.add(chunk);
    for (const name of chunk.imports) visit(files.get(name) as Chunk);
  };
  for (const module of modules) {
    const chunk = chunks().find(({ facadeModuleId }) => facadeModuleId?.endsWith(`/dashboard/${module}`));
    if (!chunk) throw new Error(`nothing in the build begins with ${module}`);
    visit(chunk);
  }
  return [...found];
}

const ENTRY = "index.html";
const BOARD = "src/pages/board/BoardPage.svelte";

/** Of thousand bytes, as gzip makes them. */
const kilobytes = (texts: readonly (string | Uint8Array)[]) =>
  texts.reduce((sum, text) => sum + gzipSync(text).length, 0) / 1000;
const modulesOf = (loaded: readonly Chunk[]) => loaded.flatMap(({ moduleIds }) => moduleIds);

test("a board takes less than 200 KB of script before its plot", async ({ annotate }) => {
  const loaded = loadedFor(ENTRY, BOARD);
  const theme = readFileSync(join(DASHBOARD, "static/theme.js"));
  const scripts = kilobytes([theme, ...loaded.map(({ code }) => code)]);
  const sheets = new Set(loaded.flatMap(({ viteMetadata }) => [...(viteMetadata?.importedCss ?? [])]));
  const styles = kilobytes([...sheets].map((name) => (files.get(name) as Rolldown.OutputAsset).source));
  await annotate(`${scripts.toFixed(1)} kB of script, ${styles.toFixed(1)} kB of style`);
  expect(scripts).toBeGreaterThan(20);
  expect(scripts).toBeLessThan(200);
  expect(styles).toBeGreaterThan(1);
  expect(styles).toBeLessThan(30);
});

test("the plot, the engine and ONNX Runtime are fetched when they are needed", () => {
  const needless =
    /\/pages\/board\/(plot|correlations)\/|\/dashboard\/src\/engine\/|onnxruntime|\/onnx\/(read|write|canonical)/;
  const modules = modulesOf(loadedFor(ENTRY, BOARD));
  expect(modules.some((id) => id.endsWith("/table/BoardTable.svelte"))).toBe(true);
  expect(modules.filter((id) => needless.test(id))).toEqual([]);
  // Other pages neither.
  expect(modules.filter((id) => /\/pages\/(?!board\/)/.test(id))).toEqual([]);
  // The page that evaluates has the engine in workers of its own.
  const evaluating = modulesOf(loadedFor(ENTRY, "src/pages/evaluate/EvaluatePage.svelte"));
  expect(evaluating.filter((id) => /onnxruntime|\/onnx\/(read|write|canonical)/.test(id))).toEqual([]);
});
