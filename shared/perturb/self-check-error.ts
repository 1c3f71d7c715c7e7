import { PlateauError } from "../errors.ts";

/** The rewritten graph does not compute what it should: a defect of Plateau. No number of it may be shown. */
export class SelfCheckError extends PlateauError {}
