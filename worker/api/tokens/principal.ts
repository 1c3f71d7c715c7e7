import type { Scope } from "../../../shared/api/tokens.ts";

/** Who asks, and what they may do. */
export interface Principal {
  /** A token's id, or `owner`. */
  readonly id: string;
  readonly scopes: readonly Scope[];
}
