/** A number of a result beside that of its replay. */
export interface Comparison {
  readonly what: string;
  readonly claimed: number | string | null;
  readonly replayed: number | string | null;
  /** Difference allowed, in the unit of the number. */
  readonly tolerance: number;
  readonly agrees: boolean;
}
