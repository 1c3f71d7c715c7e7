/** Where results come from, in words. */
import type { Origin } from "../../../shared/api/boards.ts";

export interface OriginWords {
  readonly label: string;
  readonly text: string;
}

const WORDS: Readonly<Record<Origin, OriginWords>> = {
  committed: {
    label: "committed",
    text: "It came with the board’s own source, where anyone can see it and compute it again.",
  },
  edge: { label: "edge", text: "This board computed it." },
  replicated: {
    label: "replicated",
    text: "Lent workers computed it. Shards that the board drew were run again by others, and all of them agree.",
  },
  unverified: {
    label: "unverified",
    text: "Lent workers computed it, and not all of the shards that the board drew were run again by others yet.",
  },
  imported: { label: "imported", text: "It was computed elsewhere, and an admin took it in." },
};

export const originWords = (origin: Origin): OriginWords => WORDS[origin];
