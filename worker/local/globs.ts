/** Which parameters --include and --exclude name. */
import type { Parameter } from "../../shared/onnx/parameters.ts";

/** Whether `name` matches: `*` stands for any characters, `?` for one; case counts. */
export function matches(glob: string, name: string): boolean {
  const pattern = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${pattern}$`, "s").test(name);
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
