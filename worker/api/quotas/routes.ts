import { createRoute } from "@hono/zod-openapi";
import { quotasSchema } from "../../../shared/api/accounts.ts";
import { createApi } from "../create-api.ts";
import { json, PROBLEM } from "../responses.ts";
import { secured } from "../tokens/secured.ts";
import { allowanceOf } from "./settings.ts";
import { quotasOf } from "./used.ts";

const show = createRoute({
  method: "get",
  path: "/quotas",
  summary: "What whoever asks has used of what they may use",
  ...secured("submit", "evaluate", "work", "admin"),
  responses: { 200: json(quotasSchema, "Used, and at most"), ...PROBLEM },
});

export const quotas = createApi().openapi(show, async (context) => {
  const principal = context.get("principal");
  const allowance = allowanceOf(context.env, principal);
  const used = await quotasOf(context.env.DB, principal.id, allowance, Date.now());
  return context.json(used, 200, { "Cache-Control": "no-store" });
});
