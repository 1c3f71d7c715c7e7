import { expect, test } from "vitest";
import { api, owner, problemOf, tokenFor } from "../testing/request.ts";
import { clientAddress, isLocal } from "./client.ts";
import { FixedWindow } from "./fixed-window.ts";
import { LIMITS } from "./limits.ts";

const from = (address: string) => ({ "CF-Connecting-IP": address });
const headersOf = (headers: Record<string, string>) => new Headers(headers);

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["2001:DB8:0:1:2:3:4:5", "2001:db8:0:1::/64"],
  ["2001:db8::5", "2001:db8:0:0::/64"],
  ["2001:0db8:0000:0001::", "2001:db8:0:1::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::ffff:192.0.2.7", "::ffff:192.0.2.7"],
])("%s counts as %s", (address, expected) => {
  expect(clientAddress(headersOf(from(address)))).toBe(expected);
});

test.each<[Record<string, string>, boolean]>([
  [{}, true],
  [from("127.0.0.1"), true],
  [from("127.8.9.10"), true],
  [from("::1"), true],
  [from("::ffff:127.0.0.1"), true],
  [from("127.0.0.1.evil.example"), false],
  [from("192.168.1.2"), false],
  [from("2001:db8::1"), false],
  [{ ...from("127.0.0.1"), "X-Forwarded-For": "192.0.2.1" }, false],
  [{ ...from("127.0.0.1"), Forwarded: "for=192.0.2.1" }, false],
  [{ "X-Real-IP": "127.0.0.1" }, false],
])("%j is local: %s", (headers, expected) => {
  expect(isLocal(headersOf(headers))).toBe(expected);
});

test("so many in one period, and as many in the next", async () => {
  let now = 0;
  const window = new FixedWindow({ limit: 3, period: 60 }, () => now);
  const ask = async (key: string) => (await window.limit({ key })).success;
  expect([await ask("a"), await ask("a"), await ask("a"), await ask("a")]).toEqual([true, true, true, false]);
  expect(await ask("b")).toBe(true);
  now = 59_999;
  expect(await ask("a")).toBe(false);
  now = 60_000;
  expect(await ask("a")).toBe(true);
});

test("those who come from everywhere do not fill the memory", async () => {
  const window = new FixedWindow({ limit: 1, period: 60 }, () => 0);
  for (let i = 0; i < 10_001; i++) await window.limit({ key: `address ${i}` });
  // The first one was forgotten, the last was not.
  expect(await window.limit({ key: "address 0" })).toEqual({ success: true });
  expect(await window.limit({ key: "address 10000" })).toEqual({ success: false });
});

/** So many tries until 429, or more where one period ends and the next begins meanwhile. */
async function expectTries(attempt: () => Promise<number>, status: number, limit: number): Promise<void> {
  let tries = 0;
  for (let found = await attempt(); found !== 429; found = await attempt()) {
    expect(found).toBe(status);
    expect(++tries).toBeLessThanOrEqual(2 * limit);
  }
  expect(tries).toBeGreaterThanOrEqual(limit);
}

test("tokens that do not count are for few tries, from one address", async () => {
  const token = `plateau_${"0".repeat(16)}_${"0".repeat(64)}`;
  const ask = () => api("tokens", { token, headers: from("198.51.100.1") });
  await expectTries(async () => (await problemOf(await ask())).status, 401, LIMITS.FAILURES.limit);
  const refused = await ask();
  expect(refused.headers.get("Retry-After")).toBe("60");
  expect(await problemOf(refused)).toMatchObject({
    ...{ status: 429, code: "too-many-requests" },
    detail: expect.stringContaining("wait 60 seconds"),
  });
  // A good token, no token, and someone else are as welcome as before.
  const others = [
    api("tokens", { token: owner, headers: from("198.51.100.1") }),
    api("boards", { headers: from("198.51.100.1") }),
  ];
  for (const response of await Promise.all(others)) {
    expect(response.status).toBe(200);
    await response.body?.cancel();
  }
  expect((await problemOf(await api("tokens", { token, headers: from("198.51.100.2") }))).status).toBe(401);
});

test("changes are limited by address, and by token from wherever it comes; reading goes on", async () => {
  const token = await tokenFor(["work"]);
  const change = async (address: string) => {
    const response = await api("tokens", { method: "POST", token, headers: from(address) });
    return (await problemOf(response)).status;
  };
  await expectTries(() => change("203.0.113.1"), 403, LIMITS.WRITES.limit);
  expect(await change("203.0.113.2")).toBe(429);
  const other = await api("tokens", { method: "POST", token: owner, headers: from("203.0.113.1") });
  expect((await problemOf(other)).status).toBe(429);
  const reading = await api("boards", { headers: from("203.0.113.1") });
  expect(reading.status).toBe(200);
  await reading.body?.cancel();
});

test("who sits at the machine is not held up", async () => {
  for (let i = 0; i < LIMITS.WRITES.limit + 1; i++) {
    const response = await api("tokens", { method: "POST", headers: from("127.0.0.1") });
    expect((await problemOf(response)).status).toBe(401);
  }
});
