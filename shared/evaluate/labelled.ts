/** Results on their way to tables. */
import type { Result } from "./result-schema.ts";

/** A result and what its model is called in tables. */
export interface Labelled {
  readonly label: string;
  readonly result: Result;
  /** Tokens that the model knows, where it was evaluated just now. */
  readonly vocabulary?: number;
}
