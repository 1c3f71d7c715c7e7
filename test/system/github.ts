/**
 * GitHub's part of signing in, over real HTTP: the OAuth endpoints and the one of the API, as its documentation describes
 * them (docs.github.com, "Authorizing OAuth apps"). Codes work once, for the client, address and verifier they belong to.
 */
import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const CLIENT = { id: "Ov23liPlateauTest", secret: "the-secret-of-the-test-client" };

interface Grant {
  readonly redirectUri: string;
  readonly challenge: string;
  readonly user: User;
}

export interface User {
  readonly id: number;
  readonly login: string;
}

export interface GitHub {
  readonly address: string;
  /** Who sits before the browser. */
  user: User;
  /** What they press: Authorize, or Cancel. */
  answer: "authorize" | "cancel";
  /** What was asked, with the headers and bodies that matter. */
  readonly asked: { readonly path: string; readonly agent: string | undefined }[];
  /** In place of an answer. */
  fault: ((response: ServerResponse) => void) | null;
  stop(): Promise<void>;
}

export async function startGitHub(): Promise<GitHub> {
  const grants = new Map<string, Grant>();
  const tokens = new Map<string, User>();
  const state = {
    user: { id: 583231, login: "octocat" } as User,
    answer: "authorize" as GitHub["answer"],
    fault: null as GitHub["fault"],
    asked: [] as { path: string; agent: string | undefined }[],
  };
  const server = createServer((request, response) => void handle(request, response));

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, "http://github");
    const route = `${request.method} ${url.pathname}`;
    state.asked.push({ path: route, agent: request.headers["user-agent"] });
    if (state.fault && route !== "GET /login/oauth/authorize") return state.fault(response);
    if (route === "GET /login/oauth/authorize") return authorize(url.searchParams, response);
    if (route === "POST /login/oauth/access_token") return exchange(await bodyOf(request), response);
    if (route === "GET /user") return user(request, response);
    send(response, 404, { message: "Not Found" });
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    const redirectUri = query.get("redirect_uri")!;
    const back = new URL(redirectUri);
    if (query.get("client_id") !== CLIENT.id || query.get("code_challenge_method") !== "S256") {
      return send(response, 404, { message: "Not Found" });
    }
    back.searchParams.set("state", query.get("state")!);
    if (state.answer === "cancel") {
      back.searchParams.set("error", "access_denied");
      back.searchParams.set("error_description", "The user has denied your application access.");
    } else {
      const code = randomBytes(10).toString("hex");
      grants.set(code, { redirectUri, challenge: query.get("code_challenge")!, user: state.user });
      back.searchParams.set("code", code);
    }
    response.writeHead(302, { Location: back.href }).end();
  }

  function exchange(form: URLSearchParams, response: ServerResponse): void {
    const refuse = (error: string) => send(response, 200, { error, error_description: `It is ${error}.` });
    if (form.get("client_id") !== CLIENT.id || form.get("client_secret") !== CLIENT.secret) {
      return refuse("incorrect_client_credentials");
    }
    const code = form.get("code") ?? "";
    const grant = grants.get(code);
    grants.delete(code);
    if (!grant) return refuse("bad_verification_code");
    if (grant.redirectUri !== form.get("redirect_uri")) return refuse("redirect_uri_mismatch");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (grant.challenge !== challenge) return refuse("bad_verification_code");
    const token = `gho_${randomBytes(18).toString("hex")}`;
    tokens.set(token, grant.user);
    send(response, 200, { access_token: token, token_type: "bearer", scope: "" });
  }

  function user({ headers }: IncomingMessage, response: ServerResponse): void {
    const found = tokens.get((headers.authorization ?? "").replace(/^Bearer /, ""));
    if (!headers["user-agent"]) return send(response, 403, { message: "User-Agent is required" });
    if (!found) return send(response, 401, { message: "Bad credentials" });
    send(response, 200, { ...found, node_id: "MDQ6VXNlcjE=", type: "User", name: null });
  }

  await listen(server);
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    address: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

const listen = (server: Server) =>
  new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}
