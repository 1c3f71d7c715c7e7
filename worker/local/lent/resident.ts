/** How much memory a process holds. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const PAGE = 4096;
const run = promisify(execFile);

/** Resident bytes; null where the process is gone, or this system does not tell. */
export async function residentBytes(pid: number): Promise<number | null> {
  try {
    if (process.platform === "linux") {
      const fields = (await readFile(`/proc/${pid}/statm`, "utf8")).split(" ");
      return Number(fields[1]) * PAGE;
    }
    if (process.platform === "win32") return null;
    const { stdout } = await run("ps", ["-o", "rss=", "-p", String(pid)]);
    return Number(stdout.trim()) * 1024 || null;
  } catch {
    return null;
  }
}
