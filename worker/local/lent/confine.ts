/** How the process that runs models of strangers is started: with as little as it needs. */
import { fileURLToPath } from "node:url";

/** The program and its packages. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Of the environment: no tokens. What drivers and their libraries look at. */
const INHERITED =
  /^(PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|SystemRoot|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|XDG_RUNTIME_DIR|CUDA_\w+|NVIDIA_\w+|VK_\w+)$/;

export const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));

export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => INHERITED.test(name)));
}

/**
 * Node's permission model: no writing, no processes, no threads, reading in two folders alone. Native code (ONNX Runtime)
 * is not bound by it; that is bound by being handed graphs which Plateau wrote itself.
 *
 * @param cache where models and suites lie.
 */
export function childArguments(cache: string): string[] {
  return [
    "--no-warnings",
    "--permission",
    "--allow-addons",
    `--allow-fs-read=${ROOT}*`,
    `--allow-fs-read=${cache}/*`,
  ];
}
