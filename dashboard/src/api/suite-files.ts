/** Files of suites, each fetched once: they never change. */
import { getSuiteFile } from "../../../shared/api/client/suites.ts";
import { BOARD } from "./board.ts";

const files = new Map<string, Promise<string>>();

/** @param id with its version. */
export function suiteFile(id: string): Promise<string> {
  let file = files.get(id);
  if (!file) {
    file = getSuiteFile(BOARD, id);
    // What failed may go well another time.
    file.catch(() => files.delete(id));
    files.set(id, file);
  }
  return file;
}
