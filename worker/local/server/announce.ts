/** What people are told once a board runs. */
import { relative } from "node:path";
import { print, styled } from "../terminal.ts";
import type { Storage } from "./storage.ts";

export interface Announcement {
  readonly address: string;
  readonly storage: Storage;
  /** Null where the token came from the environment. */
  readonly tokenFile: string | null;
  /** The Workers' process group. */
  readonly group: number;
  readonly json: boolean;
}

/** On stdout, as JSON for programs. */
export function announce({ address, storage, tokenFile, group, json }: Announcement): void {
  const { folder, log } = storage;
  if (json) return print(JSON.stringify({ address, storage: folder, tokenFile, log, group }));
  const token =
    tokenFile === null ? "in PLATEAU_OWNER_TOKEN" : `in ${shown(tokenFile)}, which only you can read`;
  const option = tokenFile === null ? "" : ` --token-file ${shown(tokenFile)}`;
  const rows = [
    ["table", `npx plateau board --server ${address}`],
    ["push", `npx plateau push model.onnx --suite pcfg-mini --server ${address}${option}`],
    ["API", `${address}/api/v1/openapi.json`],
    ["token", `${token}; make others with it for anybody else`],
    ["storage", `${shown(folder)}, log in ${shown(log)}`],
    ["stop", "Ctrl-C"],
  ] as const;
  print(styled("bold", `The board runs at ${address}`));
  for (const [head, text] of rows) print(`  ${head.padEnd(9)}${text}`);
}

/** Short where it lies below the current folder. */
function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near === "" || near.startsWith("..") ? path : near;
}
