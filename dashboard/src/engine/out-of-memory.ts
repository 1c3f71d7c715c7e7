/** Memory that the browser does not give, in words. */
import { ModelTooBigError } from "../../../shared/errors.ts";

/** What ONNX Runtime, WebAssembly and browsers say when memory is short. */
export function isOutOfMemory(error: unknown): boolean {
  return /bad_alloc|(failed|not) (to )?allocate|out of memory|allocation failed/i.test(String(error));
}

/** @param doing what it was needed for. */
export function tooBig(doing: string, cause: unknown): ModelTooBigError {
  return new ModelTooBigError(
    `The browser has not enough memory for ${doing}; take a smaller model or batch, or evaluate it with ` +
      "plateau evaluate on your machine.",
    { cause },
  );
}
