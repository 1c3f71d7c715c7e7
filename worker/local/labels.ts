/** Short names for models in tables and progress. */

/** What tells the paths apart: as few of the last folders as will do, without `.onnx` or a file name that all share. */
export function labels(paths: readonly string[]): string[] {
  const split = paths.map((path) => path.replace(/\.onnx$/i, "").split(/[\\/]/));
  const different = new Set(paths).size;
  const tail =
    different > 1 && split.every((parts) => parts.length > 1 && parts.at(-1) === split[0]!.at(-1)) ? 1 : 0;
  const named = split.map((parts) => parts.slice(0, parts.length - tail));
  const longest = Math.max(...named.map((parts) => parts.length));
  let kept = 1;
  while (kept < longest && new Set(named.map((parts) => parts.slice(-kept).join("/"))).size < different)
    kept++;
  return named.map((parts) => parts.slice(-kept).join("/"));
}

/** At most `width` characters, the middle left out. */
export function shortened(label: string, width: number): string {
  if (label.length <= width) return label;
  const end = Math.ceil((width - 1) / 2);
  return `${label.slice(0, width - 1 - end)}…${label.slice(label.length - end)}`;
}
