/**
 * What the browser keeps. `__Host-` cookies come from this very host over a safe connection, scripts cannot read them, and
 * other sites' pages do not send them along, except where their reader follows a link to this board.
 */
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { ApiEnvironment } from "../environment.ts";
import { SESSION } from "./store.ts";

const NAMES = { session: "plateau-session", signIn: "plateau-sign-in" } as const;
/** Seconds that someone may take on GitHub's pages; its codes live as long. */
const SIGN_IN = 600;
const OPTIONS = { prefix: "host", path: "/", secure: true, httpOnly: true, sameSite: "Lax" } as const;

export type Cookie = keyof typeof NAMES;
type Request = Context<ApiEnvironment>;

const LIVES: Record<Cookie, number> = { session: SESSION / 1000, signIn: SIGN_IN };

export function readCookie(context: Request, cookie: Cookie): string | undefined {
  return getCookie(context, NAMES[cookie], "host");
}

export function keepCookie(context: Request, cookie: Cookie, value: string): void {
  setCookie(context, NAMES[cookie], value, { ...OPTIONS, maxAge: LIVES[cookie] });
}

export function dropCookie(context: Request, cookie: Cookie): void {
  deleteCookie(context, NAMES[cookie], OPTIONS);
}
