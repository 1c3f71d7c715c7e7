/** The errors Plateau throws on purpose. Anything else that reaches a user is a defect. */

/** What a user can act on. The message is one sentence or two: what was found, where, and what to do. */
export class PlateauError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** This machine lacks what the runtime needs. Install what the message names, or choose another device. */
export class RuntimeUnavailableError extends PlateauError {}

/**
 * The model needs more memory than this runtime may have. Trying again will not help: evaluate it where there is
 * more, or with smaller batches.
 */
export class ModelTooBigError extends PlateauError {}
