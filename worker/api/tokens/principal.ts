import type { Scope } from "../../../shared/api/tokens.ts";

/** Who asks, and what they may do. */
export interface Principal {
  /** An account's id; a token's, where it belongs to none; or `owner`. It owns what is uploaded, and works. */
  readonly id: string;
  readonly scopes: readonly Scope[];
}
