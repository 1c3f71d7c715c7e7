/** Makes a suite, in a thread of its own: that takes seconds, and the board goes on answering meanwhile. */
import { parentPort, Worker, workerData } from "node:worker_threads";
import { readSuite } from "../../suite-source.ts";

/** The suite's file. Throws what `readSuite` throws. */
export async function suiteText(name: string): Promise<string> {
  const thread = new Worker(new URL(import.meta.url), { workerData: name });
  return new Promise((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
}

if (parentPort) parentPort.postMessage((await readSuite(workerData as string)).text);
