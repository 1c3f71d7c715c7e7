/** Short names for models in tables and progress. */

/** What tells the paths apart: their common folders and a common file name are left out, and so is `.onnx`. */
export function labels(paths: readonly string[]): string[] {
  const split = paths.map((path) => path.replace(/\.onnx$/i, "").split(/[\\/]/));
  const shortest = Math.min(...split.map((parts) => parts.length));
  const same = (at: number) => split.every((parts) => parts.at(at) === split[0]!.at(at));
  let head = 0;
  let tail = 0;
  if (new Set(paths).size > 1) {
    while (head < shortest - 1 && same(head)) head++;
    while (tail < shortest - head - 1 && same(-1 - tail)) tail++;
  } else {
    head = split[0]!.length - 1;
  }
  return split.map((parts) => parts.slice(head, parts.length - tail).join("/"));
}

/** At most `width` characters, the middle left out. */
export function shortened(label: string, width: number): string {
  if (label.length <= width) return label;
  const end = Math.ceil((width - 1) / 2);
  return `${label.slice(0, width - 1 - end)}…${label.slice(label.length - end)}`;
}
