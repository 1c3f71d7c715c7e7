/** Signing in through GitHub: the real board, and a server that speaks GitHub's endpoints. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sessionSchema } from "../../shared/api/accounts.ts";
import { problemSchema } from "../../shared/api/problem.ts";
import { CLIENT, startGitHub, type GitHub } from "./github.ts";
import { cleanUp, startServer, type Server } from "./server.ts";

let github: GitHub;
let server: Server;

beforeAll(async () => {
  github = await startGitHub();
  server = await startServer({
    env: {
      ...{ GITHUB_CLIENT_ID: CLIENT.id, GITHUB_CLIENT_SECRET: CLIENT.secret },
      ...{ GITHUB_URL: github.address, GITHUB_API_URL: `${github.address}/`, PLATEAU_ADMINS: "root" },
    },
  });
}, 180_000);
afterAll(async () => {
  await cleanUp();
  await github.stop();
});

/** As a browser keeps cookies, and follows nothing by itself. */
class Browser {
  readonly cookies = new Map<string, string>();

  async get(address: string): Promise<Response> {
    const response = await fetch(new URL(address, server.address), {
      headers: { Cookie: [...this.cookies].map((pair) => pair.join("=")).join("; ") },
      redirect: "manual",
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (value === "") this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return response;
  }

  /** Up to where GitHub sends it back to. */
  async toGitHubAndBack(back = "/account"): Promise<URL> {
    const begun = await this.get(`/api/v1/sign-in/github?back=${encodeURIComponent(back)}`);
    expect(begun.status).toBe(302);
    const answered = await fetch(begun.headers.get("Location")!, { redirect: "manual" });
    expect(answered.status).toBe(302);
    return new URL(answered.headers.get("Location")!);
  }

  /** Where it ends up. */
  async signIn(back?: string): Promise<string> {
    return this.arrive(await this.toGitHubAndBack(back));
  }

  async arrive(callback: URL): Promise<string> {
    expect(callback.origin).toBe(server.address);
    const ended = await this.get(callback.pathname + callback.search);
    expect(ended.status).toBe(303);
    expect(ended.headers.get("Cache-Control")).toBe("no-store");
    expect([...this.cookies.keys()]).not.toContain("__Host-plateau-sign-in");
    return ended.headers.get("Location")!;
  }

  async account() {
    return sessionSchema.parse(await (await this.get("/api/v1/session")).json()).account;
  }
}

test("to GitHub and back, and signed in", async () => {
  const browser = new Browser();
  expect(await browser.account()).toBeNull();
  const begun = await browser.get("/api/v1/sign-in/github?back=/submit");
  const location = new URL(begun.headers.get("Location")!);
  expect(location.origin).toBe(github.address);
  expect(Object.fromEntries(location.searchParams)).toEqual({
    ...{ client_id: CLIENT.id, code_challenge_method: "S256" },
    redirect_uri: `${server.address}/api/v1/sign-in/github/callback`,
    state: expect.stringMatching(/^[0-9a-f]{32}$/),
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
  });
  expect(await browser.signIn("/submit?suite=pcfg-mini")).toBe("/submit?suite=pcfg-mini");
  expect(await browser.account()).toMatchObject({ login: "octocat", admin: false });
  expect(github.asked.filter(({ path }) => path !== "GET /login/oauth/authorize")).toEqual([
    { path: "POST /login/oauth/access_token", agent: expect.stringMatching(/^Plateau\//) },
    { path: "GET /user", agent: expect.stringMatching(/^Plateau\//) },
  ]);
});

test("the cookie is the board's alone, over safe connections, out of reach of scripts and other sites", async () => {
  const browser = new Browser();
  const { pathname, search } = await browser.toGitHubAndBack();
  const ended = await browser.get(pathname + search);
  const cookie = ended.headers.getSetCookie().find((line) => line.startsWith("__Host-plateau-session="))!;
  expect(cookie.split("; ").slice(1).sort()).toEqual([
    ...["HttpOnly", "Max-Age=1209600", "Path=/", "SameSite=Lax", "Secure"],
  ]);
});

test("the same person is the same account, under whatever name; another sign-in ends the session before", async () => {
  const browser = new Browser();
  await browser.signIn();
  const first = (await browser.account())!;
  const cookies = new Map(browser.cookies);
  github.user = { id: 583231, login: "root" };
  await browser.signIn();
  expect(await browser.account()).toMatchObject({ id: first.id, login: "root", admin: true });
  const before = new Browser();
  for (const [name, value] of cookies) before.cookies.set(name, value);
  expect(await before.account()).toBeNull();
  github.user = { id: 2, login: "someone-else" };
  const other = new Browser();
  await other.signIn();
  expect((await other.account())!.id).not.toBe(first.id);
  github.user = { id: 583231, login: "octocat" };
});

test("nobody is led into a session that someone else began", async () => {
  const attacker = new Browser();
  const theirs = await attacker.toGitHubAndBack();
  // Someone who began nothing, and someone who began something else.
  const stranger = new Browser();
  expect(await stranger.arrive(theirs)).toBe("/account?sign-in=expired");
  const victim = new Browser();
  const own = await victim.toGitHubAndBack();
  expect(await victim.arrive(theirs)).toBe("/account?sign-in=expired");
  // What it had begun is used up.
  expect(await victim.arrive(own)).toBe("/account?sign-in=expired");
  for (const browser of [stranger, victim]) expect(await browser.account()).toBeNull();
  // A stolen code is worth nothing with another verifier.
  const thief = new Browser();
  const mine = await thief.toGitHubAndBack();
  const code = (await attacker.toGitHubAndBack()).searchParams.get("code")!;
  mine.searchParams.set("code", code);
  expect(await thief.arrive(mine)).toBe("/account?sign-in=refused");
});

test("a code works once, and a state for its own browser and sign-in only", async () => {
  const browser = new Browser();
  const callback = await browser.toGitHubAndBack();
  const begun = new Map(browser.cookies);
  const wrong = new URL(callback);
  wrong.searchParams.set("state", "0".repeat(32));
  const other = new Browser();
  for (const [name, value] of begun) other.cookies.set(name, value);
  expect(await other.arrive(wrong)).toBe("/account?sign-in=expired");
  for (const parameter of ["state", "code"]) {
    const part = new URL(callback);
    part.searchParams.delete(parameter);
    const again = new Browser();
    for (const [name, value] of begun) again.cookies.set(name, value);
    expect(await again.arrive(part)).toBe(
      `/account?sign-in=${parameter === "state" ? "expired" : "refused"}`,
    );
  }
  expect(await browser.arrive(callback)).toBe("/account");
  // Sent once more, with the cookie of the first time.
  const replay = new Browser();
  for (const [name, value] of begun) replay.cookies.set(name, value);
  expect(await replay.arrive(callback)).toBe("/account?sign-in=refused");
  expect(await replay.account()).toBeNull();
});

test("someone who presses Cancel is told so", async () => {
  github.answer = "cancel";
  const browser = new Browser();
  expect(await browser.signIn()).toBe("/account?sign-in=denied");
  expect(await browser.account()).toBeNull();
  github.answer = "authorize";
});

test.each<[string, GitHub["fault"]]>([
  ["breaks off", (response) => response.destroy()],
  ["fails", (response) => response.writeHead(502).end("<h1>Unicorn!</h1>")],
  ["answers something else", (response) => response.writeHead(200).end("[]")],
  [
    "sends the client's secret elsewhere",
    (response) => response.writeHead(307, { Location: "https://evil.example/" }).end(),
  ],
])("a GitHub that %s", async (_, fault) => {
  const browser = new Browser();
  const callback = await browser.toGitHubAndBack();
  github.fault = fault;
  expect(await browser.arrive(callback)).toBe("/account?sign-in=unreachable");
  github.fault = null;
  expect(await browser.account()).toBeNull();
});

test("people are sent back to this board only", async () => {
  for (const back of [
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "",
    "/a\nb",
  ]) {
    const response = await new Browser().get(`/api/v1/sign-in/github?back=${encodeURIComponent(back)}`);
    expect(response.status, back).toBe(400);
    expect(problemSchema.parse(await response.json()).code).toBe("invalid-request");
  }
});

test("the client's secret is in no file, and in nothing that is said", async () => {
  const files = readdirSync(server.storage, { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  const holding = files
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => readFileSync(path).includes(CLIENT.secret));
  expect(holding).toEqual([]);
  expect(server.said()).not.toContain(CLIENT.secret);
});

test("a GitHub that is gone, and a board without the right secret", async () => {
  const gone = await startGitHub();
  const other = await startServer({
    env: {
      ...{ GITHUB_CLIENT_ID: CLIENT.id, GITHUB_CLIENT_SECRET: "wrong" },
      ...{ GITHUB_URL: gone.address, GITHUB_API_URL: gone.address },
    },
  });
  const first = server;
  server = other;
  const browser = new Browser();
  expect(await browser.signIn()).toBe("/account?sign-in=refused");
  const callback = await browser.toGitHubAndBack();
  await gone.stop();
  expect(await browser.arrive(callback)).toBe("/account?sign-in=unreachable");
  expect(await browser.account()).toBeNull();
  await other.stop();
  server = first;
}, 180_000);
