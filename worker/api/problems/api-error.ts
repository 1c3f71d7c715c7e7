import { PlateauError } from "../../../shared/errors.ts";
import type { Problem } from "../../../shared/api/problem.ts";

export interface ApiErrorOptions {
  readonly errors?: Problem["errors"];
  readonly done?: Problem["done"];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An answer other than success. `detail` says what was found, where, and what to do. */
export class ApiError extends PlateauError {
  readonly status: number;
  readonly code: string;
  readonly options: ApiErrorOptions;

  constructor(status: number, code: string, detail: string, options: ApiErrorOptions = {}) {
    super(detail, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.options = options;
  }
}
