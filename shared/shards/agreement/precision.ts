/** How precisely a model computes, as the preparing shard found it. */
import type { Prepared } from "../prepared.ts";

/** Rounding of an example's loss where nothing has moved, nats: about 10⁻⁶ in single precision, 10⁻² in half. */
export function lossRounding({ plan }: Prepared): number {
  const found = plan.map(({ step }) =>
    step && Number.isFinite(step.rounding.loss) ? step.rounding.loss : 0,
  );
  return Math.max(0, ...found);
}

/** Above this, activations are in half precision. */
const COARSE = 2e-4;

export const isCoarse = (prepared: Prepared): boolean => lossRounding(prepared) > COARSE;
