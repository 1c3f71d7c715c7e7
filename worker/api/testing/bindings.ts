/** What tests are given: real D1 and R2, as `wrangler dev` has them. */
import type { D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Bindings } from "../environment.ts";

export const bindings = env as unknown as Required<Bindings> & { readonly MIGRATIONS: D1Migration[] };
