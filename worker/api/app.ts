/** The API as a whole. */
import { methodNotAllowed } from "hono/method-not-allowed";
import { secureHeaders } from "hono/secure-headers";
import { accounts } from "./accounts/routes.ts";
import { admin } from "./admin/routes.ts";
import { archive } from "./archive/routes.ts";
import { boards } from "./boards/routes.ts";
import { checkpoints } from "./checkpoints/routes.ts";
import { comparisons } from "./compare/routes.ts";
import { createApi } from "./create-api.ts";
import { evaluation } from "./evaluate/routes.ts";
import { evaluations } from "./evaluations/routes.ts";
import { healthRoutes } from "./health/routes.ts";
import { limitAddress } from "./limits/limits.ts";
import { describeApi } from "./openapi.ts";
import { ApiError } from "./problems/api-error.ts";
import { problemResponse } from "./problems/problem-response.ts";
import { quotas } from "./quotas/routes.ts";
import { suites } from "./suites/routes.ts";
import { tokens } from "./tokens/routes.ts";
import { trust } from "./trust/routes.ts";
import { uploads } from "./uploads/routes.ts";
import { work } from "./work/routes.ts";

const BASE = "/api/v1";

export const app = createApi();

app.onError(problemResponse);
app.notFound(({ req }) =>
  problemResponse(
    new ApiError(
      404,
      "no-such-route",
      `There is nothing at ${req.path.slice(0, 200)}; see ${BASE}/openapi.json.`,
    ),
  ),
);

app.use(
  secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    crossOriginResourcePolicy: "same-origin",
    xFrameOptions: "DENY",
  }),
);
app.use(limitAddress);
app.use(
  methodNotAllowed({
    app,
    onMethodNotAllowed: ({ req }, methods) => {
      const headers = { Allow: [...methods, "OPTIONS"].join(", ") };
      if (req.method === "OPTIONS") return new Response(null, { status: 204, headers });
      const detail = `${req.method} is not for ${req.path.slice(0, 200)}, which takes ${headers.Allow}.`;
      return problemResponse(new ApiError(405, "method-not-allowed", detail, { headers }));
    },
  }),
);

app
  .route(BASE, healthRoutes)
  .route(BASE, suites)
  .route(BASE, boards)
  .route(BASE, comparisons)
  .route(BASE, checkpoints)
  .route(BASE, uploads)
  .route(BASE, evaluations)
  .route(BASE, evaluation)
  .route(BASE, trust)
  .route(BASE, work)
  .route(BASE, archive)
  .route(BASE, tokens)
  .route(BASE, accounts)
  .route(BASE, quotas)
  .route(BASE, admin);

const description = describeApi(app);
app.get(`${BASE}/openapi.json`, (context) => context.json(description));
