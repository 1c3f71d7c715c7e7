import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

/** Where `vite dev` finds a board: `npm start` prints the address of its own. */
const board = process.env["PLATEAU_SERVER"] ?? "http://127.0.0.1:8787";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  publicDir: "static",
  plugins: [svelte()],
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
