import { ApiError } from "../problems/api-error.ts";

/** The type of a body, without parameters. @throws ApiError 415 where it is none of these. */
export function requireMediaType<T extends string>(request: Request, types: readonly T[]): T {
  const found = request.headers.get("Content-Type")?.split(";")[0]!.trim().toLowerCase();
  const type = types.find((each) => each === found);
  if (type !== undefined) return type;
  throw new ApiError(
    415,
    "media-type",
    `The body's Content-Type is ${found?.slice(0, 100) || "missing"}; send ${types.join(" or ")}.`,
  );
}
