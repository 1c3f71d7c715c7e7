import type { ShardMessage } from "./messages.ts";

/** What evaluating takes of the platform: for the API and for whatever runs shards. */
export interface EvaluationBindings {
  readonly DB: D1Database;
  /** Results, suites and models, and `evaluations/ID/…` for as long as an evaluation runs. */
  readonly BLOBS: R2Bucket;
  /** Messages for whatever runs shards. */
  readonly SHARDS: Queue<ShardMessage>;
}
