/** What must hold before ONNX Runtime loads its CUDA libraries. */
import { access } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { RuntimeUnavailableError } from "../../../shared/errors.ts";

const libraries = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

/** Call it before the first CUDA session. Throws `RuntimeUnavailableError` where CUDA cannot run, or only rounded. */
export async function prepareCuda(): Promise<void> {
  keepFullPrecision();
  if (process.platform === "linux") await findLibraries();
}

/**
 * CUDA rounds the factors of float32 products to ten bits (TF32) unless told otherwise, and finite differences drown
 * in that. The Node binding has no option for it; NVIDIA's libraries read this variable when they are loaded.
 */
function keepFullPrecision(): void {
  if (isMainThread) process.env.NVIDIA_TF32_OVERRIDE = "0";
  else if (process.env.NVIDIA_TF32_OVERRIDE !== "0") {
    // A thread's environment is a copy that the libraries do not see.
    throw new RuntimeUnavailableError(
      "CUDA in a worker thread would round to TF32; set NVIDIA_TF32_OVERRIDE=0 before starting Node.",
    );
  }
}

async function findLibraries(): Promise<void> {
  const root = dirname(dirname(createRequire(import.meta.url).resolve("onnxruntime-node")));
  const folder = join(root, "bin", "napi-v6", "linux", process.arch);
  try {
    for (const library of libraries) await access(join(folder, library));
  } catch (cause) {
    throw new RuntimeUnavailableError(
      `CUDA needs ${libraries.join(" and ")} (CUDA 12, cuDNN 9) in ${folder}; fetch them with ` +
        `"node ${join(root, "script", "install.js")} --onnxruntime-node-install=cuda12", or use --device cpu.`,
      { cause },
    );
  }
}
