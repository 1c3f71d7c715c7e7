import { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiEnvironment } from "./environment.ts";
import { invalidRequest } from "./problems/invalid-request.ts";

/** A router whose failed validations are thrown as problems. */
export function createApi(): OpenAPIHono<ApiEnvironment> {
  return new OpenAPIHono<ApiEnvironment>({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.target, result.error);
    },
  });
}
