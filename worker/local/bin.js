#!/usr/bin/env node
// What any Node can read: the command line itself (cli.ts) is TypeScript and needs Node 24. Where this one is older,
// the Node that was installed with the package takes over.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST = 24;

if (Number(process.versions.node.split(".")[0]) >= OLDEST) {
  // Saves a third of the time to start. Older Nodes do not have it, hence no import by name.
  module.enableCompileCache();
  await import("./cli.ts");
} else {
  const node = installedNode();
  if (node) {
    handOver(node);
  } else {
    process.stderr.write(
      `plateau: needs Node ${OLDEST} or later, and this is ${process.version}; run npm install in ${packageRoot()}, which brings it.\n`,
    );
    process.exitCode = 1;
  }
}

function packageRoot() {
  return join(dirname(fileURLToPath(import.meta.url)), "..", "..");
}

function installedNode() {
  try {
    const root = dirname(module.createRequire(import.meta.url).resolve("node/package.json"));
    const node = join(root, "bin", process.platform === "win32" ? "node.exe" : "node");
    return existsSync(node) ? node : null;
  } catch {
    return null;
  }
}

function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (!signal) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
