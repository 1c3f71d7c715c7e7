/** What the API is given by the platform, and what a request carries along. */
import type { Principal } from "./tokens/principal.ts";

export interface Bindings {
  /** Rows: see worker/migrations. */
  readonly DB: D1Database;
  /** `suites/SHA256.json` and `results/SHA256.json`. */
  readonly BLOBS: R2Bucket;
  /** The owner's token; see wrangler.toml. */
  readonly PLATEAU_OWNER_TOKEN?: string;
}

export interface ApiEnvironment {
  Bindings: Bindings;
  Variables: {
    /** Who asks, on routes that need a token. */
    principal: Principal;
  };
}
