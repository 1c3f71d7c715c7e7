import { expect, test } from "vitest";
import {
  issuedTokenSchema,
  MOST_TOKEN_DAYS,
  SCOPES,
  tokenListSchema,
  tokenSchema,
  type Scope,
} from "../../../shared/api/tokens.ts";
import type { Bindings } from "../environment.ts";
import { bindings } from "../testing/bindings.ts";
import { api, owner, problemOf, tokenFor } from "../testing/request.ts";
import { authenticate } from "./authenticate.ts";

interface Route {
  readonly security?: readonly Readonly<Record<string, readonly Scope[]>>[];
}

const { paths } = await (await api("openapi.json")).json<{ paths: Record<string, Record<string, Route>> }>();

/** Of paths: any that are well-formed. */
const PARAMETERS: Readonly<Record<string, string>> = { suite: "none@1", n: "1" };

/** Method and path of all that needs a token, and the scopes of which any will do. */
const GUARDED = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, { security = [] }]) => {
    const scopes = security.flatMap((each) => each["bearer"] ?? []);
    // Where a route is open to some without a token, an empty requirement says so.
    const open = security.some((each) => Object.keys(each).length === 0);
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name] ?? "0123456789abcdef");
    return scopes.length > 0 && !open ? [[method.toUpperCase(), filled, scopes] as const] : [];
  }),
);

test("what changes anything needs a token, and reading the public part does not", () => {
  const guarded = GUARDED.map(([method, path]) => `${method} ${path}`);
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { security }] of Object.entries(methods)) {
      if (method !== "get") expect(security, `${method} ${path}`).toBeDefined();
    }
  }
  expect(guarded).toEqual(
    expect.arrayContaining([
      "POST /api/v1/suites",
      "POST /api/v1/import",
      "GET /api/v1/export",
      "POST /api/v1/tokens",
      "GET /api/v1/tokens",
      "DELETE /api/v1/tokens/0123456789abcdef",
      "POST /api/v1/boards/none@1/rows/0123456789abcdef/hide",
      "POST /api/v1/boards/none@1/rows/0123456789abcdef/show",
    ]),
  );
  for (const path of ["boards", "suites", "health"]) expect(guarded).not.toContain(`GET /api/v1/${path}`);
});

test.each(GUARDED)("%s %s wants a token that counts, with its scope", async (method, path, scopes) => {
  const refused = async (token?: string) => {
    const response = await api(path, { method, ...(token !== undefined && { token }) });
    return { challenge: response.headers.get("WWW-Authenticate"), ...(await problemOf(response)) };
  };
  const missing = await refused();
  expect(missing).toMatchObject({ status: 401, code: "token-missing", challenge: 'Bearer realm="plateau"' });
  const invalid = 'Bearer realm="plateau", error="invalid_token"';
  const expired = await tokenFor(scopes, Date.now() - 120_000);
  expect(await refused(expired)).toMatchObject({ status: 401, code: "token-expired", challenge: invalid });
  const good = await tokenFor(scopes);
  const forged = good.slice(0, -1) + (good.endsWith("0") ? "1" : "0");
  for (const unknown of [
    forged,
    "plateau_",
    "' OR 1=1 --",
    `plateau_${"0".repeat(16)}_${"0".repeat(64)}`,
    owner.slice(1),
  ]) {
    const code = unknown.includes(" ") ? "token-malformed" : "token-unknown";
    expect(await refused(unknown)).toMatchObject({ status: 401, code, challenge: invalid });
  }
  const others = SCOPES.filter((each) => !scopes.includes(each));
  const wrong = await refused(await tokenFor(others));
  expect(wrong).toMatchObject({ status: 403, code: "scope-missing" });
  expect(wrong.challenge).toContain(`insufficient_scope", scope="${scopes.join(" ")}"`);
  for (const scope of scopes) {
    const accepted = await api(path, { method, token: await tokenFor([scope]) });
    expect([401, 403]).not.toContain(accepted.status);
    await accepted.body?.cancel();
  }
});

test("the day of a token's last use is kept", async () => {
  const token = await tokenFor(["admin"]);
  const id = token.split("_")[1]!;
  const list = async () => tokenListSchema.parse(await (await api("tokens", { token: owner })).json()).tokens;
  const find = async () => (await list()).find((each) => each.id === id)!.lastUsedOn;
  expect(await find()).toBeNull();
  await (await api("tokens", { token })).body?.cancel();
  expect(await find()).toBe(new Date().toISOString().slice(0, 10));
});

test("a token is shown once, works, is listed without its secret, and works no more when revoked", async () => {
  const made = await api("tokens", {
    token: owner,
    json: { label: " Zoë’s 笔记本 ", scopes: ["admin", "admin", "work"] },
  });
  expect(made.status).toBe(201);
  expect(made.headers.get("Cache-Control")).toBe("no-store");
  const { token, ...issued } = issuedTokenSchema.parse(await made.json());
  expect(issued).toMatchObject({ label: "Zoë’s 笔记本", scopes: ["admin", "work"], revokedAt: null });
  const days = (Date.parse(issued.expiresAt) - Date.parse(issued.createdAt)) / 86_400_000;
  expect(days).toBe(90);

  const listed = await (await api("tokens", { token })).text();
  const today = new Date().toISOString().slice(0, 10);
  expect(tokenListSchema.parse(JSON.parse(listed)).tokens).toContainEqual({ ...issued, lastUsedOn: today });
  expect(listed).not.toContain(token.slice(-64));
  const { results } = await bindings.DB.prepare("SELECT * FROM tokens").all();
  expect(JSON.stringify(results)).not.toContain(token.slice(-64));
  expect(listed).not.toContain("hash");

  const path = `tokens/${issued.id}`;
  const revoked = tokenSchema.parse(await (await api(path, { method: "DELETE", token })).json());
  expect(revoked.revokedAt).not.toBeNull();
  expect(await problemOf(await api("tokens", { token }))).toMatchObject({
    status: 401,
    code: "token-revoked",
  });
  const again = tokenSchema.parse(await (await api(path, { method: "DELETE", token: owner })).json());
  expect(again).toEqual(revoked);
});

test("refuses tokens that make no sense, and says where", async () => {
  const refused = async (json: unknown) => problemOf(await api("tokens", { token: owner, json }));
  const good = { label: "x", scopes: ["work"] };
  expect(await refused({ ...good, scopes: [] })).toMatchObject({
    status: 422,
    errors: [{ in: "body", path: "scopes" }],
  });
  expect(await refused({ ...good, scopes: ["root"] })).toMatchObject({ errors: [{ path: "scopes.0" }] });
  expect(await refused({ ...good, expiresAt: "2020-01-01T00:00:00Z" })).toMatchObject({
    code: "already-expired",
  });
  expect(await refused({ ...good, expiresAt: "2999-01-01T00:00:00Z" })).toMatchObject({
    ...{ status: 422, code: "expires-too-late" },
    detail: expect.stringContaining(`within ${MOST_TOKEN_DAYS} days`),
  });
  expect(await refused({ ...good, expiresAt: "tomorrow" })).toMatchObject({
    errors: [{ path: "expiresAt" }],
  });
  expect(await refused({ ...good, admin: true })).toMatchObject({ status: 422 });
  expect(await refused({ ...good, label: "safe\u202Etxt" })).toMatchObject({
    detail: expect.stringContaining("label: holds U+202E at position 4"),
  });
  expect(await refused({ ...good, label: "x".repeat(201) })).toMatchObject({ status: 422 });
  expect(await refused([])).toMatchObject({ status: 422 });
  const text = (body: string, type: string) =>
    api("tokens", { method: "POST", token: owner, body, headers: { "Content-Type": type } });
  expect(await problemOf(await text("{", "application/json"))).toMatchObject({ status: 400 });
  expect(await problemOf(await text("label=x", "application/x-www-form-urlencoded"))).toMatchObject({
    status: 415,
  });
  expect(await problemOf(await text(`{"label":"${"x".repeat(20_000)}"}`, "application/json"))).toMatchObject({
    status: 413,
  });
  expect(await problemOf(await api("tokens/1'--", { method: "DELETE", token: owner }))).toMatchObject({
    status: 400,
  });
  expect(
    await problemOf(await api("tokens/ffffffffffffffff", { method: "DELETE", token: owner })),
  ).toMatchObject({
    status: 404,
  });
});

test("an owner's token that could be guessed is not accepted", async () => {
  const weak: Bindings = { ...bindings, PLATEAU_OWNER_TOKEN: "short" };
  await expect(authenticate("Bearer short", weak, Date.now())).rejects.toMatchObject({ status: 503 });
  const { DB, BLOBS, SHARDS, EDGE } = bindings;
  const unset: Bindings = { DB, BLOBS, SHARDS, EDGE };
  await expect(authenticate("Bearer undefined", unset, Date.now())).rejects.toMatchObject({ status: 401 });
});
