import { PlateauError } from "../../shared/errors.ts";

/** The command was called in a way that cannot work: exit code 2. The message says how to call it. */
export class UsageError extends PlateauError {}
