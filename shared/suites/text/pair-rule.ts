/** A way of making an English sentence worse. */
export interface PairRule {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** Every worse sentence that the rule makes of a good one. */
  spoil(sentence: string): string[];
}
