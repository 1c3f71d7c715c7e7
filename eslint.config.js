import { defineConfig } from "eslint/config";
import svelte from "eslint-plugin-svelte";
import tseslint from "typescript-eslint";

export default defineConfig(
  {
    ignores: [
      "node_modules",
      ".wrangler",
      "dist",
      ".plateau",
      "dashboard/build",
      "**/worker-configuration.d.ts",
    ],
  },
  tseslint.configs.recommended,
  svelte.configs.recommended,
  {
    rules: {
      eqeqeq: "error",
      "prefer-const": "error",
      "no-console": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    // Sets and maps are made anew rather than changed, which the rule does not see.
    // The formatter writes a blank that counts as a mustache.
    rules: { "svelte/prefer-svelte-reactivity": "off", "svelte/no-useless-mustaches": "off" },
  },
  { files: ["test/benchmarks/**"], rules: { "no-console": "off" } },
);
