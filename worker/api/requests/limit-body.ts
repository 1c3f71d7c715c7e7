import { bodyLimit } from "hono/body-limit";
import { ApiError } from "../problems/api-error.ts";

/** For routes whose body is small JSON. @param bytes the most it may have; 413 beyond. */
export function limitBody(bytes: number) {
  return bodyLimit({
    maxSize: bytes,
    onError: () => {
      throw new ApiError(
        413,
        "too-large",
        `The body is longer than ${bytes} bytes, which this route takes at most.`,
      );
    },
  });
}
