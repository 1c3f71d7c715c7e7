/** Running a board in Chromium, against the real server: with a token, and signed in through a server that speaks as GitHub. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issueToken } from "../../shared/api/client/admin.ts";
import { claimWork } from "../../shared/api/client/work.ts";
import { uploadModel } from "../../shared/api/client/upload-model.ts";
import { getBoard } from "../../shared/api/client/suites.ts";
import { startEvaluation } from "../../shared/api/client/evaluations.ts";
import { VERSION } from "../../worker/local/version.ts";
import { connect } from "../../worker/local/client/connect.ts";
import { begin, bringIn, finished, until } from "../system/evaluate.ts";
import { CLIENT, startGitHub, type GitHub } from "../system/github.ts";
import { sha256Of, toyMaterial } from "../system/material.ts";
import { startServer } from "../system/server.ts";
import { seriousFindings } from "./accessibility.ts";
import { openSite, servePages, type Site } from "./site.ts";

let site: Site;
let github: GitHub;

beforeAll(async () => {
  github = await startGitHub();
  site = await openSite("none", {
    ...{ GITHUB_CLIENT_ID: CLIENT.id, GITHUB_CLIENT_SECRET: CLIENT.secret, PLATEAU_ADMINS: "id:1" },
    ...{ GITHUB_URL: github.address, GITHUB_API_URL: github.address, QUOTA_STORED_BYTES: "1000000" },
  });
}, 180_000);
afterAll(async () => {
  await site?.close();
  await github.stop();
});

const giveToken = (page: Page, token: string) => page.getByLabel("Token", { exact: true }).fill(token);
const part = (page: Page, title: string) => page.getByRole("region", { name: title, exact: true });
const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { name }).waitFor();

/** The page, opened with a token. */
async function opened(token = site.server.token) {
  const { page, errors } = await site.open("/admin");
  await giveToken(page, token);
  await button(page, "Open").click();
  return { page, errors };
}

test("a board where nothing happened yet: every part says so", async () => {
  const { page, errors } = await opened();
  await heading(page, "Running the board");
  for (const [title, text] of [
    ["Failed evaluations", "None failed."],
    ["Lent machines", "Nobody has lent a machine yet."],
    ["Hidden rows", "No row is hidden."],
    ["Tokens", "There are none yet"],
    ["Accounts", "Nobody has signed in yet."],
    ["Suites", "None is published"],
  ] as const) {
    await part(page, title).getByText(text).waitFor();
  }
  expect(await seriousFindings(page)).toEqual([]);
  expect(errors).toEqual([]);
});

test("tokens that are none, or may not, open nothing; a good one then does", async () => {
  const { token } = await issueToken(site.server.connection, { label: "worker", scopes: ["work"] });
  const { page } = await opened("plateau_wrong");
  await page.getByText("This board knows no such token").waitFor();
  await giveToken(page, token);
  await button(page, "Open").click();
  await page.getByText("may work, but this needs the scope admin").waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await giveToken(page, site.server.token);
  await button(page, "Open").click();
  await heading(page, "Running the board");
  await part(page, "Tokens").getByRole("rowheader", { name: "worker" }).waitFor();
});

test("a token is made, used in this tab, and revoked for good", async () => {
  const { page, errors } = await opened();
  const tokens = part(page, "Tokens");
  await tokens.getByLabel("What for, or for whom").fill("Ada’s laptop");
  expect(await button(page, "Make it").isDisabled()).toBe(true);
  await tokens.getByLabel("upload checkpoints and have them evaluated").check();
  await button(page, "Make it").click();
  const shown = await tokens.locator(".made code").innerText();
  expect(shown).toMatch(/^plateau_[0-9a-f]{16}_[0-9a-f]{64}$/);
  const asked = () =>
    fetch(`${site.server.address}/api/v1/checkpoints`, { headers: { Authorization: `Bearer ${shown}` } });
  expect((await asked()).status).toBe(200);
  const row = tokens.getByRole("row", { name: /Ada’s laptop/ });
  await row.getByRole("button", { name: "Revoke: Ada’s laptop" }).click();
  // Not at the first press.
  expect((await asked()).status).toBe(200);
  await row.getByRole("button", { name: /^Revoke it for good/ }).click();
  await row.getByText(/^revoked on /).waitFor();
  expect((await asked()).status).toBe(401);
  expect(errors).toEqual([]);
});

test("a failed evaluation is tried again, and a row hidden and shown", async () => {
  const { connection } = site.server;
  const toy = toyMaterial(1);
  const checkpoint = await bringIn(connection, toy);
  await finished(connection, await begin(connection, checkpoint, toy));
  // A lent evaluation that its only worker gives up.
  const second = toyMaterial(2);
  const other = await bringIn(connection, second);
  const lent = await startEvaluation(connection, {
    checkpoint: other.id,
    suite: second.suite.id,
    workers: "lent",
  });
  const { token } = await issueToken(connection, { label: "A broken machine", scopes: ["work"] });
  const machine = connect(site.server.address, token);
  await until(connection, lent.id, ({ progress }) => progress.shards.total > 0);
  for (let tries = 0; tries < 20; tries++) {
    const { work } = await claimWork(machine, { device: "cpu", ort: "1.30.0", plateau: VERSION });
    if (!work) break;
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const body = JSON.stringify({ reason: "It has no fan.", final: true });
    await fetch(`${site.server.address}/api/v1/work/${work.lease}/failure`, {
      method: "POST",
      headers,
      body,
    });
  }
  await until(connection, lent.id, ({ state }) => state === "failed");

  const { page, errors } = await opened();
  const failures = part(page, "Failed evaluations");
  await failures.getByText("It has no fan.").waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await failures.getByRole("button", { name: `Try again: ${lent.id}` }).click();
  await failures.getByText("None failed.").waitFor();

  const hidden = part(page, "Hidden rows");
  await hidden.getByLabel("Board").selectOption(toy.suite.id);
  await hidden.getByLabel(/^Checkpoint/).fill("nonsense");
  await hidden.getByLabel(/^Why/).fill("trained on the test split");
  expect(await button(page, "Hide it").isDisabled()).toBe(true);
  await hidden.getByLabel(/^Checkpoint/).fill(`${site.address}/checkpoints/${checkpoint.id}`);
  await button(page, "Hide it").click();
  await hidden.getByRole("cell", { name: "trained on the test split" }).waitFor();
  expect((await getBoard(connection, toy.suite.id)).rows).toEqual([]);
  await hidden.getByRole("button", { name: /^Show again/ }).click();
  await hidden.getByText("No row is hidden.").waitFor();
  expect((await getBoard(connection, toy.suite.id)).rows).toHaveLength(1);
  // One that the board does not have.
  await hidden.getByLabel(/^Checkpoint/).fill("a".repeat(16));
  await hidden.getByLabel(/^Why/).fill("x");
  await button(page, "Hide it").click();
  await hidden.getByText("There is no such thing here").waitFor();
  expect(errors).toEqual([]);
}, 240_000);

describe("signed in", () => {
  test("in and out again: the head of every page tells, and the account page has tokens and usage", async () => {
    github.user = { id: 2, login: "bob" };
    const { page, errors } = await site.open("/submit");
    await page.getByRole("link", { name: "Sign in" }).click();
    await heading(page, "Submit a checkpoint");
    expect(new URL(page.url()).pathname).toBe("/submit");
    await page.getByRole("link", { name: "Your account: bob" }).click();
    await heading(page, "bob");
    await page.getByText("of 1.00 MB").waitFor();
    expect(await page.getByRole("link", { name: "Run", exact: true }).count()).toBe(0);
    expect(await page.getByLabel("run the board").count()).toBe(0);
    const tokens = part(page, "Your tokens");
    await tokens.getByText("You have none.").waitFor();
    await tokens.getByLabel("What for, or for whom").fill("laptop");
    await tokens.getByLabel("lend a machine").check();
    await button(page, "Make it").click();
    await button(page, "Use it in this tab").click();
    await tokens.getByText("This tab has it now.").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.reload();
    await tokens.getByRole("rowheader", { name: "laptop" }).waitFor();
    await button(page, /^Sign out/).click();
    await heading(page, "You are not signed in");
    await page.getByRole("link", { name: "Sign in", exact: true }).waitFor();
    expect(errors).toEqual([]);
  });

  test("whoever is signed in has their checkpoints evaluated without a token", async () => {
    github.user = { id: 3, login: "carol" };
    const { page, errors } = await site.open("/account");
    await page.getByRole("link", { name: "Sign in through GitHub" }).click();
    await heading(page, "carol");
    await page.getByLabel("What for, or for whom").fill("push");
    await page.getByLabel("upload checkpoints and have them evaluated").check();
    await button(page, "Make it").click();
    const token = await page.locator(".made code").innerText();
    const toy = toyMaterial(1);
    const { id } = await uploadModel(
      connect(site.server.address, token),
      { file: toy.file, bytes: toy.model.length, sha256: sha256Of(toy.model) },
      {
        read: (offset, length) => toy.model.subarray(offset, offset + length),
        wait: (seconds) => sleep(1000 * seconds),
      },
    );
    await page.goto(`${site.address}/checkpoints/${id}`);
    await page.getByText("Evaluate it with a suite").click();
    await page.getByRole("combobox", { name: "Suite" }).last().selectOption(toy.suite.id);
    await page.getByRole("button", { name: "Evaluate", exact: true }).click();
    await expect
      .poll(async () => (await getBoard(site.server.connection, toy.suite.id)).rows.length, {
        ...{ timeout: 60_000, interval: 250 },
      })
      .toBe(2);
    expect(await page.getByLabel("Token", { exact: true }).count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test("someone who presses Cancel is told, and may try again", async () => {
    github.user = { id: 2, login: "bob" };
    github.answer = "cancel";
    const { page } = await site.open("/account");
    await page.getByRole("link", { name: "Sign in through GitHub" }).click();
    await heading(page, "You were not signed in");
    expect(await seriousFindings(page)).toEqual([]);
    github.answer = "authorize";
    await page.getByRole("link", { name: "Sign in again" }).click();
    await heading(page, "bob");
  });

  test("an admin by name needs no token, and shuts others out", async () => {
    github.user = { id: 1, login: "ada" };
    const { page, errors } = await site.open("/account");
    await page.getByRole("link", { name: "Sign in through GitHub" }).click();
    await heading(page, "ada");
    await page.getByRole("link", { name: "Run", exact: true }).click();
    await heading(page, "Running the board");
    const accounts = part(page, "Accounts");
    await accounts.getByLabel("Why, when shutting someone out").fill("spam");
    await accounts.getByRole("button", { name: "Shut out: bob" }).click();
    await accounts.getByRole("button", { name: /^Shut it out/ }).click();
    await accounts.getByText(/shut out on .*: spam/).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    github.user = { id: 2, login: "bob" };
    const other = await site.open("/account");
    await other.page.getByRole("link", { name: "Sign in through GitHub" }).click();
    await heading(other.page, "This account is shut out");
    await accounts.getByRole("button", { name: "Let in again: bob" }).click();
    await accounts.getByRole("button", { name: "Shut out: bob" }).waitFor();
    expect(errors).toEqual([]);
  });
});

test("on a phone, in the dark, nothing is wider than the page", async () => {
  const context = { viewport: { width: 390, height: 844 }, colorScheme: "dark" } as const;
  const { page } = await site.open("/admin", context);
  await giveToken(page, site.server.token);
  await button(page, "Open").click();
  await heading(page, "Running the board");
  await part(page, "Suites").getByRole("table").waitFor();
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  expect(await seriousFindings(page)).toEqual([]);
});

test("a board that stops answering is told, and what was read stays", async () => {
  const { page } = await opened();
  await part(page, "Suites").getByRole("table").waitFor();
  await page.route("**/api/v1/evaluations**", (route) => route.abort());
  await page.reload();
  await part(page, "Failed evaluations").getByText("The board does not answer").waitFor();
  await page.unroute("**/api/v1/evaluations**");
  await part(page, "Failed evaluations").getByRole("button", { name: "Try again" }).first().click();
  await part(page, "Failed evaluations")
    .getByText("The board does not answer")
    .waitFor({ state: "detached" });
  await page.getByRole("rowheader").first().waitFor();
});

test("a board without a sign-in shows none", async () => {
  const other = await startServer();
  const pages = await servePages(other.address);
  const { page } = await site.open("/");
  await page.goto(`${pages.address}/account`);
  await heading(page, "This board has no accounts");
  expect(await page.getByRole("link", { name: "Sign in" }).count()).toBe(0);
  await pages.close();
  await other.stop();
});
