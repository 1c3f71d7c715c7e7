/** The API described by its own routes: OpenAPI 3.1. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { archiveRecordSchema } from "../../shared/api/archive.ts";
import { evaluateLineSchema } from "../../shared/api/evaluate.ts";
import { problemSchema } from "../../shared/api/problem.ts";
import { resultSchema } from "../../shared/evaluate/result-schema.ts";
import { suiteSchema } from "../../shared/suites/suite-schema.ts";
import { SESSION_SCHEME } from "./accounts/require-session.ts";
import type { ApiEnvironment } from "./environment.ts";
import { BEARER } from "./tokens/secured.ts";
import { VERSION } from "./version.ts";

export function describeApi(app: OpenAPIHono<ApiEnvironment>): object {
  app.openAPIRegistry.register("Problem", problemSchema);
  app.openAPIRegistry.register("Result", resultSchema);
  app.openAPIRegistry.register("EvaluateLine", evaluateLineSchema);
  app.openAPIRegistry.register("SuiteFile", suiteSchema);
  app.openAPIRegistry.register("ArchiveRecord", archiveRecordSchema);
  app.openAPIRegistry.registerComponent("securitySchemes", BEARER, { type: "http", scheme: "bearer" });
  app.openAPIRegistry.registerComponent("securitySchemes", SESSION_SCHEME, {
    ...{ type: "apiKey", in: "cookie", name: "__Host-plateau-session" },
    description:
      "Of a browser that is signed in, where the board has a sign-in; changes are taken from its own pages alone.",
  });
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Plateau",
      version: VERSION,
      description: "Boards of language-model checkpoints: loss, flatness, transfer. Reading is public.",
    },
  });
}
