import type { Structure } from "./operators/operator.ts";

/** How a parameter takes part in a direction. */
export type Participation =
  /** Every example draws its own direction. */
  | { readonly mode: "example"; readonly structure: Structure }
  /** One direction a run, through the fallback W + εV; `reason` says what stood in the way of better. */
  | { readonly mode: "shared"; readonly structure: Structure; readonly reason: string }
  /** Needs no direction: its part of every trace is known exactly (exact-head.ts). */
  | { readonly mode: "exact" }
  /** Not perturbed. */
  | { readonly mode: "none"; readonly reason: string };
