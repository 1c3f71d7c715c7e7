/** Which parameters --include and --exclude name. */
import type { Parameter } from "../../shared/onnx/parameters.ts";

/** Whether `name` matches: `*` stands for any characters, `?` for one; case counts. */
export function matches(glob: string, name: string): boolean {
  // Where a star can still take more, and how much it has taken: globs of strangers must not take exponential time.
  let star = -1;
  let taken = 0;
  let g = 0;
  let n = 0;
  while (n < name.length) {
    if (glob[g] === "*") {
      star = g++;
      taken = n;
    } else if (glob[g] === "?" || glob[g] === name[n]) {
      g++;
      n++;
    } else if (star >= 0) {
      g = star + 1;
      n = ++taken;
    } else return false;
  }
  while (glob[g] === "*") g++;
  return g === glob.length;
}

/** Admits parameters that some include names (or all, where there is none) and no exclude does. */
export function parameterFilter(
  include: readonly string[],
  exclude: readonly string[],
): ((parameter: Pick<Parameter, "name">) => boolean) | undefined {
  if (include.length === 0 && exclude.length === 0) return undefined;
  return ({ name }) =>
    (include.length === 0 || include.some((glob) => matches(glob, name))) &&
    !exclude.some((glob) => matches(glob, name));
}
