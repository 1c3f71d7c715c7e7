/** Warnings for a terminal. */
import type { Warning } from "../../shared/evaluate/warnings.ts";
import { wrap } from "./terminal.ts";

/** Lines of at most `width` columns; of many cases the first few. */
export function warningLines(warnings: readonly Warning[], width: number): string[] {
  const most = 6;
  return warnings.flatMap(({ text, cases }) => {
    const rest = cases.length - most;
    const shown =
      rest > 1 ? [...cases.slice(0, most), `and ${rest} more models (all in --json and --csv)`] : cases;
    return [
      ...wrap(`! ${text}${text.endsWith("?") ? "" : ":"}`, width, "  "),
      ...shown.flatMap((each) => wrap(`  ${each}`, width, "    ")),
    ];
  });
}
