/** Every way in which a parameter can be perturbed per example. A new operator pattern is a new entry here. */
import { elementwise } from "./elementwise.ts";
import { gather } from "./gather.ts";
import { linear } from "./linear.ts";
import type { Operator } from "./operator.ts";
import { slice } from "./slice.ts";

export const OPERATORS: readonly Operator[] = [linear, gather, slice, elementwise];

export type { Operator } from "./operator.ts";
