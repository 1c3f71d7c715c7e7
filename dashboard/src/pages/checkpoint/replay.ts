/** Commands that compute a result again on one's own machine. */

export interface ReplayOptions {
  /** The board's address, without a slash at its end. */
  readonly server: string;
  /** A checkpoint's id. */
  readonly checkpoint: string;
  readonly suite: string;
  /** Whether anyone may have the weights from the board, or their owner alone, or nobody as they are not there. */
  readonly weights: "public" | "private" | "elsewhere";
}

/** Ids hold nothing that a shell would read in its own way; names might. */
export function replayCommands({ server, checkpoint, suite, weights }: ReplayOptions): string {
  const api = `${server}/api/v1`;
  const [result, model, file] = [`${checkpoint}.json`, `${checkpoint}.onnx`, `${suite}.json`];
  return [
    `curl -fsSo ${result} ${api}/checkpoints/${checkpoint}/results/${suite}`,
    `curl -fsSo ${file} ${api}/suites/${suite}/file`,
    weights === "public"
      ? `curl -fsSo ${model} ${api}/checkpoints/${checkpoint}/file`
      : `# ${model} is the file of the weights, which ${HOLDERS[weights]}.`,
    `npx plateau verify ${result} ${model} --suite ${file}`,
  ].join("\n");
}

const HOLDERS = { private: "its owner has", elsewhere: "whoever computed the result has" };

/** The same from the start: steps are chosen anew. @param perLayer whether traces are split by tensor. */
export function evaluateCommand(checkpoint: string, suite: string, perLayer = false): string {
  return `npx plateau evaluate ${checkpoint}.onnx --suite ${suite}.json${perLayer ? " --per-layer" : ""} --json result.json`;
}
