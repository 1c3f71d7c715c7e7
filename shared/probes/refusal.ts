/** What a model cannot be asked, apart from what would hit the next task as well. */
import { UnsupportedModelError } from "../onnx/error.ts";
import { NonFiniteLossError } from "../perturb/finite-loss.ts";
import { ObjectiveError } from "./lbfgs.ts";
import { ProbeDataError } from "./logistic-input.ts";
import { TaskError } from "./sentences.ts";

/** Why there is no number. */
export interface Refused {
  readonly reason: string;
}

/** Whether the error is about one task on this model: its message is then the task's result. */
export function isRefusal(error: unknown): error is Error {
  return [TaskError, ProbeDataError, ObjectiveError, UnsupportedModelError, NonFiniteLossError].some(
    (kind) => error instanceof kind,
  );
}

/** @throws what is no refusal. */
export async function orRefused<Item>(run: () => Promise<Item> | Item): Promise<Item | Refused> {
  try {
    return await run();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { reason: error.message };
  }
}
