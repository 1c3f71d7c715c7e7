import { expect, test } from "vitest";
import { api, problemOf } from "../testing/request.ts";

test("is in good health", async () => {
  const response = await api("health");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: "ok", version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
});

test("says what is at no address, and which methods an address takes", async () => {
  for (const path of ["/", "/api/v1/nothing", "/api/v2/health", "/api/v1/health/", "/api/v1/%ff%00"]) {
    expect(await problemOf(await api(path))).toMatchObject({ status: 404, code: "no-such-route" });
  }
  const posted = await api("health", { method: "POST" });
  expect(posted.headers.get("Allow")).toBe("GET, HEAD, OPTIONS");
  expect(await problemOf(posted)).toMatchObject({ status: 405, code: "method-not-allowed" });
  const options = await api("tokens", { method: "OPTIONS" });
  expect(options.status).toBe(204);
  expect(options.headers.get("Allow")!.split(", ").sort()).toEqual(["GET", "HEAD", "OPTIONS", "POST"]);
  expect((await api("nothing", { method: "OPTIONS" })).status).toBe(404);
});

test("HEAD is GET without its body", async () => {
  const response = await api("health", { method: "HEAD" });
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toBe("application/json");
  expect(await response.text()).toBe("");
});

test("every answer, good or bad, forbids browsers to guess, frame or run it", async () => {
  for (const path of ["health", "nothing", "tokens", "boards/none"]) {
    const { headers } = await api(path);
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("Content-Security-Policy")).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers.get("X-Frame-Options")).toBe("DENY");
    expect(headers.get("Referrer-Policy")).toBe("no-referrer");
  }
});
