/** Memory of processes. */
import { execFileSync } from "node:child_process";

/** What the Workers and whatever runs them hold at this moment. */
export function residentMiB({ group }: { readonly group: number }): number {
  const lines = execFileSync("ps", ["-A", "-o", "pgid=,rss="], { encoding: "utf8" }).split("\n");
  const sizes = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const kib = sizes.reduce((sum, [id, rss]) => (id === group ? sum + rss! : sum), 0);
  return Math.round(kib / 1024);
}
