import type { EvaluationBindings } from "../api/evaluations/bindings.ts";

/** What the compute worker is given by the platform: the same database, storage and queue as the API. */
export type EdgeBindings = EvaluationBindings;
