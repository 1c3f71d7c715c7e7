import { expect, test } from "vitest";
import {
  issuedTokenSchema,
  SCOPES,
  tokenListSchema,
  tokenSchema,
  type Scope,
} from "../../../shared/api/tokens.ts";
import type { Bindings } from "../environment.ts";
import { bindings } from "../testing/bindings.ts";
import { api, owner, problemOf, tokenFor } from "../testing/request.ts";
import { authenticate } from "./authenticate.ts";

/** Method and path of all that needs a token, and the scope it needs. */
const GUARDED: readonly (readonly [string, string, Scope])[] = [
  ["POST", "suites", "admin"],
  ["POST", "import", "admin"],
  ["GET", "export", "admin"],
  ["POST", "tokens", "admin"],
  ["GET", "tokens", "admin"],
  ["DELETE", "tokens/0123456789abcdef", "admin"],
];

test("these are all the routes that openapi.json says need a token", async () => {
  const { paths } = await (
    await api("openapi.json")
  ).json<{ paths: Record<string, Record<string, object>> }>();
  const secured = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, route]) =>
      "security" in route ? [`${method.toUpperCase()} ${path}`] : [],
    ),
  );
  const guarded = GUARDED.map(([method, path]) => `${method} /api/v1/${path.replace(/\/.*/, "/{id}")}`);
  expect(secured.sort()).toEqual(guarded.sort());
});

test.each(GUARDED)("%s %s wants a token that counts, with its scope", async (method, path, scope) => {
  const refused = async (token?: string) => {
    const response = await api(path, { method, ...(token !== undefined && { token }) });
    return { challenge: response.headers.get("WWW-Authenticate"), ...(await problemOf(response)) };
  };
  const missing = await refused();
  expect(missing).toMatchObject({ status: 401, code: "token-missing", challenge: 'Bearer realm="plateau"' });
  const invalid = 'Bearer realm="plateau", error="invalid_token"';
  const expired = await tokenFor([scope], Date.now() - 120_000);
  expect(await refused(expired)).toMatchObject({ status: 401, code: "token-expired", challenge: invalid });
  const good = await tokenFor([scope]);
  const forged = good.slice(0, -1) + (good.endsWith("0") ? "1" : "0");
  for (const unknown of [
    forged,
    "plateau_",
    "' OR 1=1 --",
    `plateau_${"0".repeat(16)}_${"0".repeat(64)}`,
    `${owner} `.trim().slice(1),
  ]) {
    const code = unknown.includes(" ") ? "token-malformed" : "token-unknown";
    expect(await refused(unknown)).toMatchObject({ status: 401, code, challenge: invalid });
  }
  const others = SCOPES.filter((each) => each !== scope);
  const wrong = await refused(await tokenFor(others));
  expect(wrong).toMatchObject({ status: 403, code: "scope-missing" });
  expect(wrong.challenge).toContain(`insufficient_scope", scope="${scope}"`);
  const accepted = await api(path, { method, token: good });
  expect([401, 403]).not.toContain(accepted.status);
  await accepted.body?.cancel();
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
  expect(tokenListSchema.parse(JSON.parse(listed)).tokens).toContainEqual(issued);
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
  const unset: Bindings = { DB: bindings.DB, BLOBS: bindings.BLOBS };
  await expect(authenticate("Bearer undefined", unset, Date.now())).rejects.toMatchObject({ status: 401 });
});
