import { advance } from "../../api/evaluations/advance.ts";
import type { EdgeBindings } from "../environment.ts";
import { ortVersion } from "../onnxruntime.ts";
import { memory } from "../runtime.ts";
import { useSuite } from "./suites.ts";

/** Finds out what comes next in an evaluation, and has it done. */
export function goOn(bindings: EdgeBindings, evaluation: string): Promise<void> {
  return advance(bindings, evaluation, {
    now: Date.now(),
    ort: ortVersion,
    hold: (bytes) => memory.hold("features that are compared", bytes),
    withSuite: async (file, work) => {
      const { value, done } = await useSuite(bindings.BLOBS, file);
      try {
        return await work(value);
      } finally {
        done();
      }
    },
  });
}
