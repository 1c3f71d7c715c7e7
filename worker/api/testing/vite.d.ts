/** What the test runner puts in place of this call: loaders of the files that match, by path. */
interface ImportMeta {
  glob<T>(
    pattern: string,
    options: { readonly query: "?raw" | "?url&inline"; readonly import: "default" },
  ): Record<string, () => Promise<T>>;
}
