/** Requests passed on to the compute worker as they come in: this one keeps nothing of them in memory. */
import { LARGEST_EVALUATED } from "../../../shared/api/evaluate.ts";
import { ApiError } from "../problems/api-error.ts";
import type { StoredSuite } from "../suites/store.ts";

/** Headers that say what is sent, and what is wanted. */
const PASSED = ["Content-Type", "Content-Length", "Accept"];

/** @throws ApiError 413 where the body says that it is too long, 503 where nothing computes. */
export async function forwardToEdge(
  edge: Fetcher,
  request: Request,
  suite: StoredSuite | null,
): Promise<Response> {
  const declared = Number(request.headers.get("Content-Length") ?? 0);
  if (declared > LARGEST_EVALUATED) {
    throw new ApiError(
      413,
      "too-large",
      `The body has ${declared} bytes, and ${LARGEST_EVALUATED} are the most that is evaluated here; upload larger models, ` +
        "or evaluate them on a machine of your own.",
    );
  }
  const query = new URLSearchParams(
    suite ? { suite: suite.id, sha256: suite.sha256, bytes: String(suite.bytes) } : {},
  );
  const headers = new Headers();
  for (const name of PASSED) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const response = await edge
    .fetch(`http://edge/evaluate?${query}`, {
      method: "POST",
      headers,
      body: request.body,
      signal: request.signal,
    })
    .catch((cause: unknown) => {
      throw new ApiError(503, "no-compute", "Nothing that evaluates answers here; try again in a minute.", {
        ...{ cause, headers: { "Retry-After": "60" } },
      });
    });
  return new Response(response.body, { status: response.status, headers: response.headers });
}
