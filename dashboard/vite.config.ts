import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defaultClientConditions, defineConfig } from "vite";

/** Where `vite dev` finds a board: `npm start` prints the address of its own. */
const board = process.env["PLATEAU_SERVER"] ?? "http://127.0.0.1:8787";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  publicDir: "static",
  plugins: [svelte()],
  // ONNX Runtime without its own copy of what starts its threads, which then is a file that they start from.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions] },
  optimizeDeps: { exclude: ["onnxruntime-web"] },
  build: {
    outDir: "build",
    emptyOutDir: true,
    target: "es2023",
    // Data addresses would need exceptions in the content security policy.
    assetsInlineLimit: 0,
    // All browsers that know light-dark() preload modules by themselves.
    modulePreload: { polyfill: false },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": board } },
});
