/** What the API is given by the platform, and what a request carries along. */
import type { EvaluationBindings } from "./evaluations/bindings.ts";
import type { Principal } from "./tokens/principal.ts";

export interface Bindings {
  /** Rows: see worker/migrations. */
  readonly DB: D1Database;
  /** `suites/SHA256.json`, `results/SHA256.json`, `models/SHA256.onnx`, and `uploads/ID/PART` until it is complete. */
  readonly BLOBS: R2Bucket;
  /** Messages for the compute worker. */
  readonly SHARDS: EvaluationBindings["SHARDS"];
  /** The compute worker, for evaluations that are not stored. */
  readonly EDGE: Fetcher;
  /** The dashboard's files; absent where there are none. */
  readonly ASSETS?: Fetcher;
  /** The owner's token; see wrangler.toml. */
  readonly PLATEAU_OWNER_TOKEN?: string;
  /** Sign-in through GitHub, and quotas: see accounts/settings.ts, quotas/settings.ts and docs/hosting.md. */
  readonly GITHUB_CLIENT_ID?: string;
  readonly GITHUB_CLIENT_SECRET?: string;
  readonly GITHUB_URL?: string;
  readonly GITHUB_API_URL?: string;
  readonly PLATEAU_ADMINS?: string;
  readonly PLATEAU_ORIGIN?: string;
  readonly QUOTA_EVALUATIONS_PER_DAY?: string | number;
  readonly QUOTA_STORED_BYTES?: string | number;
  readonly QUOTA_PENDING_UPLOADS?: string | number;
  /** Rate limits; see limits/limits.ts for what takes their place where they are not configured. */
  readonly READS?: RateLimit;
  readonly WRITES?: RateLimit;
  readonly FAILURES?: RateLimit;
}

export interface ApiEnvironment {
  Bindings: Bindings;
  Variables: {
    /** Who asks, on routes that need a token or session. */
    principal: Principal;
  };
}
