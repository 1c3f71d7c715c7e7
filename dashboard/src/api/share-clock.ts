/** The time that is left, from how fast a share grows. */
export class ShareClock {
  #first: { readonly time: number; readonly share: number } | undefined;

  /** Null until it can be told. @param share from 0 to 1. @param now seconds, from any origin. */
  left(share: number, now: number): number | null {
    // What is still to be done shows bit by bit: the share may fall.
    if (!this.#first || share < this.#first.share) this.#first = { time: now, share };
    const gained = share - this.#first.share;
    return gained > 0.02 ? ((now - this.#first.time) * (1 - share)) / gained : null;
  }
}
