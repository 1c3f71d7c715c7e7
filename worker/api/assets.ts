/** Parts of the dashboard's pages, named by what they hold. */
import { ApiError } from "./problems/api-error.ts";
import { problemResponse } from "./problems/problem-response.ts";

/** Where they are; wrangler.toml has the Worker run first here. */
export const ASSETS = "/assets/";

/**
 * What is not there must not be answered with the page that stands for all other addresses: a browser that has an older
 * page open would take it for a script, and keep it for a year.
 *
 * @param files null where this board has no dashboard.
 */
export async function serveAsset(files: Fetcher | null, request: Request): Promise<Response> {
  const found = await files?.fetch(request);
  if (found && !found.headers.get("Content-Type")?.startsWith("text/html")) return found;
  await found?.body?.cancel();
  const path = new URL(request.url).pathname.slice(0, 200);
  const detail = `There is nothing at ${path}; load the page that asks for it anew: the board may have been updated.`;
  return problemResponse(new ApiError(404, "no-such-file", detail));
}
