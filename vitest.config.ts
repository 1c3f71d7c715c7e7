import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { thorough } from "./test/support/thorough.ts";

// workerd and wrangler look nothing up and report nothing.
Object.assign(process.env, {
  CI: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
});

/** Generous: machines are slow at times, and a test that hangs is found all the same. */
const testTimeout = 120_000;

export default defineConfig({
  test: {
    // ONNX Runtime brings its own threads.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "node",
          testTimeout,
          include: [
            "shared/**/*.test.ts",
            "worker/local/**/*.test.ts",
            "dashboard/src/**/*.test.ts",
            "test/node/**/*.test.ts",
            "test/conformance/**/*.test.ts",
          ],
        },
      },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: "worker/edge/wrangler.toml" },
            miniflare: { bindings: { MIGRATIONS: await readD1Migrations("worker/migrations") } },
          })),
        ],
        test: {
          name: "workerd",
          testTimeout,
          include: ["worker/edge/**/*.test.ts", "test/workerd/**/*.test.ts"],
          globalSetup: ["test/conformance/node-wasm-results.ts", "test/conformance/native-result.ts"],
        },
      },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: "wrangler.toml" },
            miniflare: {
              // The compute worker does not run beside these tests: see the projects `workerd` and `system`.
              serviceBindings: { EDGE: { disk: { path: "worker/edge", writable: false } } },
              bindings: {
                MIGRATIONS: await readD1Migrations("worker/migrations"),
                PLATEAU_OWNER_TOKEN: "the-owners-token-which-tests-alone-know",
              },
            },
          })),
        ],
        test: {
          name: "api",
          testTimeout,
          include: ["worker/api/**/*.test.ts"],
          setupFiles: ["worker/api/testing/migrate.ts"],
        },
      },
      {
        test: {
          name: "browser",
          // The others take as long as all the rest together.
          include: thorough ? ["test/browser/**/*.test.ts"] : ["test/browser/board*.test.ts"],
          fileParallelism: false,
          testTimeout,
        },
      },
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          fileParallelism: false,
          testTimeout,
        },
      },
    ],
  },
});
