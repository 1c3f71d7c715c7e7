import { expect, test } from "vitest";
import { sessionSchema } from "../../../shared/api/accounts.ts";
import { checkpointSchema } from "../../../shared/api/checkpoints.ts";
import { issuedTokenSchema, tokenListSchema } from "../../../shared/api/tokens.ts";
import { handleScheduled } from "../scheduled/handle.ts";
import { bindings } from "../testing/bindings.ts";
import { newEvaluation } from "../testing/evaluations.ts";
import { LentWorker, replaysOf, work } from "../testing/lent-worker.ts";
import { toyFile } from "../testing/models.ts";
import { api, apiWith, ORIGIN, owner, problemOf, tokenFor } from "../testing/request.ts";
import { cookieOf, SIGN_IN, signedIn } from "../testing/signed-in.ts";
import { uploadModel } from "../testing/upload.ts";
import { MOST_TOKENS } from "./tokens.ts";
import { SESSION } from "./store.ts";

interface Route {
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

const { paths } = await (await api("openapi.json")).json<{ paths: Record<string, Record<string, Route>> }>();
const PARAMETERS: Readonly<Record<string, string>> = {
  ...{ suite: "none@1", n: "1", number: "1", checkpoint: "abcdefghijklmnop", lease: "0".repeat(32) },
};
const filled = (path: string) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name] ?? "0123456789abcdef");

/** All that needs someone: `session` alone, or any of some scopes of a token as well. */
const GUARDED = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, { security = [] }]) => {
    const open = security.length === 0 || security.some((each) => Object.keys(each).length === 0);
    // Signing out needs nobody.
    if (open || (method === "delete" && path.endsWith("/session"))) return [];
    const scopes = security.flatMap((each) => each["bearer"] ?? []);
    return [{ method: method.toUpperCase(), path: filled(path), scopes }];
  }),
);

const statusOf = async (response: Promise<Response>) => {
  const { status, body } = await response;
  await body?.cancel();
  return status;
};

test("the routes are found", () => {
  expect(GUARDED.map(({ method, path }) => `${method} ${path}`)).toEqual(
    expect.arrayContaining([
      "GET /api/v1/account/tokens",
      "POST /api/v1/account/tokens",
      "GET /api/v1/admin/workers",
      "POST /api/v1/checkpoints",
      "POST /api/v1/tokens",
    ]),
  );
});

test.each(GUARDED)("$method $path: sessions that count and that do not", async ({ method, path, scopes }) => {
  const own = { "Sec-Fetch-Site": "same-origin" };
  const refused = async (cookie?: string) =>
    problemOf(
      await apiWith(SIGN_IN, path, { method, headers: { ...own, ...(cookie && { Cookie: cookie }) } }),
    );
  const past = await signedIn("late", 5, { since: Date.now() - SESSION });
  for (const cookie of [
    undefined,
    cookieOf(past.secret),
    cookieOf("0".repeat(64)),
    cookieOf("' OR 1=1 --"),
    // Of another name.
    `plateau-session=${(await signedIn("eve", 6)).secret}`,
  ]) {
    expect(await refused(cookie)).toMatchObject({ status: 401 });
  }
  // Without sign-in cookies are worth nothing.
  const admin = await signedIn("ada", 7);
  expect([401, 404]).toContain(
    await statusOf(api(path, { method, headers: { ...own, Cookie: cookieOf(admin.secret) } })),
  );
  const plain = await signedIn("bob", 8);
  const may = scopes.length === 0 || scopes.some((scope) => ["submit", "evaluate"].includes(scope));
  const found = await statusOf(plain.ask(path, { method }));
  if (may) expect([401, 403]).not.toContain(found);
  else expect(found).toBe(403);
  const foundAdmin = await statusOf(admin.ask(path, { method }));
  expect([401, 403]).not.toContain(foundAdmin);
  if (method === "GET") return;
  for (const headers of [
    { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" },
    { "Sec-Fetch-Site": "same-site", Origin: "https://other.localhost" },
    { "Sec-Fetch-Site": "none" },
    // Old browsers say less, and a page that says nothing is none.
    { Origin: "null" },
    { Origin: "https://evil.example" },
    {},
  ]) {
    const answer = await apiWith(SIGN_IN, path, {
      method,
      headers: { ...headers, Cookie: cookieOf(admin.secret) },
    });
    expect(await problemOf(answer), JSON.stringify(headers)).toMatchObject({
      status: 403,
      code: "foreign-page",
    });
  }
  const old = { Origin: ORIGIN, Cookie: cookieOf(admin.secret) };
  expect([401, 403]).not.toContain(await statusOf(apiWith(SIGN_IN, path, { method, headers: old })));
});

test("no token makes or sees tokens of an account, not even the owner's", async () => {
  const all = await tokenFor(["submit", "evaluate", "work", "admin"]);
  for (const token of [owner, all]) {
    expect(await problemOf(await apiWith(SIGN_IN, "account/tokens", { token }))).toMatchObject({
      ...{ status: 401, code: "signed-out" },
    });
  }
});

test("nothing is there without a sign-in", async () => {
  const session = async (settings: object) =>
    sessionSchema.parse(await (await apiWith(settings, "session")).json());
  expect(await session({})).toEqual({ signIn: null, account: null });
  expect(await session({ GITHUB_CLIENT_ID: "half" })).toEqual({ signIn: null, account: null });
  expect(await session(SIGN_IN)).toEqual({ signIn: "/api/v1/sign-in/github", account: null });
  for (const path of ["sign-in/github", "sign-in/github/callback?code=1&state=2", "account/tokens"]) {
    const response = await api(path);
    expect(await problemOf(response)).toMatchObject({ status: 404, code: "no-sign-in" });
  }
});

test("who is signed in, until they sign out", async () => {
  const { ask, secret } = await signedIn("Bob", 20);
  const session = async () => sessionSchema.parse(await (await ask("session")).json());
  const { account } = await session();
  expect(account).toMatchObject({ login: "Bob", admin: false });
  expect(Date.parse(account!.until)).toBeGreaterThan(Date.now() + SESSION - 60_000);
  const stored = JSON.stringify((await bindings.DB.prepare("SELECT * FROM sessions").all()).results);
  expect(stored).not.toContain(secret);
  const foreign = await ask("session", { method: "DELETE", headers: { "Sec-Fetch-Site": "cross-site" } });
  expect(foreign.status).toBe(403);
  expect((await session()).account).not.toBeNull();
  const out = await ask("session", { method: "DELETE" });
  expect(out.status).toBe(204);
  expect(out.headers.get("Set-Cookie")).toMatch(
    /^__Host-plateau-session=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  expect((await session()).account).toBeNull();
  expect(await statusOf(ask("account/tokens"))).toBe(401);
});

test("admins are named: by their name on GitHub, whatever its case, or by their number", async () => {
  const admin = async (login: string, id: number) => {
    const { ask } = await signedIn(login, id);
    return sessionSchema.parse(await (await ask("session")).json()).account!.admin;
  };
  expect(await admin("aDA", 31)).toBe(true);
  expect(await admin("anyone", 99)).toBe(true);
  expect(await admin("ada2", 32)).toBe(false);
  expect(await admin("99", 33)).toBe(false);
  // A name that someone else has now.
  expect(await admin("anyone-else", 31)).toBe(false);
});

test("tokens of one's own: made, used, listed, revoked; what they do is the account's", async () => {
  const { ask, account } = await signedIn("carol", 40);
  const other = await signedIn("dave", 41);
  const make = async (scopes: string[], more = {}) =>
    ask("account/tokens", { json: { label: "laptop", scopes, ...more } });
  const issued = issuedTokenSchema.parse(await (await make(["submit", "work"])).json());
  expect(issued).toMatchObject({ account: "carol", scopes: ["submit", "work"] });
  const again = issuedTokenSchema.parse(await (await make(["submit"])).json());

  // Two tokens, and the browser itself, have the same checkpoints.
  const uploaded = await uploadModel(toyFile(40), { token: issued.token });
  const change = (token: string) =>
    api(`checkpoints/${uploaded.id}`, { method: "PATCH", token, json: { card: { notes: "mine" } } });
  expect((await change(again.token)).status).toBe(200);
  const seen = await ask(`checkpoints/${uploaded.id}`, {
    method: "PATCH",
    json: { card: { notes: "here" } },
  });
  expect(checkpointSchema.parse(await seen.json()).card?.notes).toBe("here");
  expect((await ask(`checkpoints/${uploaded.id}/file`)).status).toBe(200);
  expect((await other.ask(`checkpoints/${uploaded.id}/file`)).status).toBe(404);
  const strangers = { method: "PATCH", json: { card: { notes: "theirs" } } };
  expect((await other.ask(`checkpoints/${uploaded.id}`, strangers)).status).toBe(403);
  const owners = await bindings.DB.prepare("SELECT owner FROM checkpoints WHERE id = ?")
    .bind(uploaded.id)
    .first("owner");
  expect(owners).toBe(account.id);

  const listed = async (browser: typeof other) =>
    tokenListSchema.parse(await (await browser.ask("account/tokens")).json()).tokens.map(({ id }) => id);
  expect(new Set(await listed({ ask } as typeof other))).toEqual(new Set([issued.id, again.id]));
  expect(await listed(other)).toEqual([]);
  const path = `account/tokens/${issued.id}`;
  expect(await problemOf(await other.ask(path, { method: "DELETE" }))).toMatchObject({ status: 404 });
  expect((await change(issued.token)).status).toBe(200);
  expect((await ask(path, { method: "DELETE" })).status).toBe(200);
  expect(await problemOf(await change(issued.token))).toMatchObject({ status: 401, code: "token-revoked" });
  expect((await change(again.token)).status).toBe(200);
});

test("refuses tokens that an account may not make", async () => {
  const { ask } = await signedIn("erin", 50);
  const make = (json: unknown) => ask("account/tokens", { json });
  const good = { label: "x", scopes: ["submit"] };
  expect(await problemOf(await make({ ...good, scopes: ["admin"] }))).toMatchObject({
    ...{ status: 422, errors: [{ path: "scopes.0" }] },
  });
  expect(await problemOf(await make({ ...good, scopes: [] }))).toMatchObject({ status: 422 });
  for (const expiresAt of ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"]) {
    expect(await problemOf(await make({ ...good, expiresAt }))).toMatchObject({
      status: 422,
      code: "bad-expiry",
    });
  }
  for (let i = 0; i < MOST_TOKENS; i++) expect((await make(good)).status).toBe(201);
  const refused = await problemOf(await make(good));
  expect(refused).toMatchObject({ status: 409, code: "too-many-tokens" });
  expect(refused.detail).toContain(`${MOST_TOKENS} are the most`);
});

test("an account that is shut out has neither sessions nor tokens that count, until it is let in", async () => {
  const { ask, account } = await signedIn("frank", 60);
  const { token } = issuedTokenSchema.parse(
    await (await ask("account/tokens", { json: { label: "x", scopes: ["submit"] } })).json(),
  );
  const path = `admin/accounts/${account.id}`;
  expect((await api(`${path}/block`, { token: owner, json: { reason: "sent garbage" } })).status).toBe(204);
  expect(await statusOf(ask("account/tokens"))).toBe(401);
  const refused = await api("checkpoints", { token });
  expect(await problemOf(refused)).toMatchObject({
    ...{ status: 403, code: "account-blocked", detail: expect.stringContaining("sent garbage") },
  });
  // As a sign-in that was under way would leave it.
  const late = await signedIn("frank", 60);
  expect(await problemOf(await late.ask("checkpoints"))).toMatchObject({
    status: 403,
    code: "account-blocked",
  });
  expect(sessionSchema.parse(await (await late.ask("session")).json()).account).toBeNull();
  // What anyone may read they may read.
  expect((await problemOf(await late.ask(`checkpoints/${"a".repeat(16)}`))).code).toBe("no-such-checkpoint");
  expect((await api(`${path}/let-in`, { method: "POST", token: owner })).status).toBe(204);
  expect((await api("checkpoints", { token })).status).toBe(200);
});

test("a worker that was cut off does not come back with another token of the same account", async () => {
  const { ask, account } = await signedIn("grace", 70);
  const make = async () =>
    issuedTokenSchema.parse(
      await (await ask("account/tokens", { json: { label: "w", scopes: ["work"] } })).json(),
    ).token;
  await make();
  await bindings.DB.prepare(
    "INSERT INTO cut_offs (worker, at, reason, evaluation, shard) VALUES (?, 1, 'Wrong.', 'e', 's')",
  )
    .bind(account.id)
    .run();
  const claim = { device: "cpu", ort: "1.30.0", plateau: "0.1.0" };
  const refused = await problemOf(await api("work/claim", { token: await make(), json: claim }));
  expect(refused).toMatchObject({ status: 403, code: "cut-off" });
});

test("machines of one account do not confirm one another, whichever token they have", async () => {
  const { ask, account } = await signedIn("ivan", 90);
  const machine = async () => {
    const made = await ask("account/tokens", { json: { label: "m", scopes: ["work"] } });
    return LentWorker.withToken(issuedTokenSchema.parse(await made.json()).token, account.id);
  };
  const [first, second] = [await machine(), await machine()];
  const { id: evaluation } = await newEvaluation("confirmed", 90, "lent");
  await work(evaluation, [first]);
  const drawn = await replaysOf(evaluation);
  expect(new Set(drawn.map(({ maker }) => maker))).toEqual(new Set([account.id]));
  // As for a model that is too big for the edge.
  await bindings.DB.prepare("UPDATE replays SET place = 'lent' WHERE evaluation = ?").bind(evaluation).run();
  for (const own of [first, second]) expect(await own.claim()).toBeNull();
  expect(await (await LentWorker.create()).claim()).not.toBeNull();
});

test("sessions whose time is over are forgotten", async () => {
  await signedIn("heidi", 80, { since: Date.now() - SESSION - 1 });
  const count = () =>
    bindings.DB.prepare("SELECT count(*) AS n FROM sessions WHERE expires_at <= ?")
      .bind(Date.now())
      .first<number>("n");
  expect(await count()).toBeGreaterThan(0);
  await handleScheduled(bindings, "", Date.now());
  expect(await count()).toBe(0);
});
