/** What was used, as it is billed. */
export interface Usage {
  requests: number;
  /** D1. */
  statements: number;
  rowsRead: number;
  rowsWritten: number;
  /** R2: writing and listing; reading. */
  classA: number;
  classB: number;
  /** Sent to the queue, and times that the compute worker was called with some. */
  messages: number;
  delivered: number;
}

export interface UsageReport {
  readonly api: Usage;
  readonly edge: Usage;
}
