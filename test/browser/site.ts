/** The real thing for tests: a board that runs, the dashboard as it is built, and Chromium. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { preview, type ProxyOptions } from "vite";
import { builtDashboard } from "../../worker/local/server/dashboard.ts";
import { cleanUp, startServer, type Server } from "../system/server.ts";

const DASHBOARD = fileURLToPath(new URL("../../dashboard/", import.meta.url));

export interface Site {
  /** Of the pages; the API is below it. */
  readonly address: string;
  readonly server: Server;
  /** A page of its own session, and what went wrong on it: errors of scripts, and of the content security policy. */
  open(path: string, options?: BrowserContextOptions): Promise<{ page: Page; errors: string[] }>;
  close(): Promise<void>;
}

/** With the zoo of one suite. @param env of the server. */
export async function openSite(
  seed = "pcfg-mini",
  env: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const [server, browser] = await Promise.all([startServer({ seed, env }), launch()]);
  const { address, close } = await servePages(server.address);
  return {
    address,
    server,
    async open(path, options) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
      const page = await context.newPage();
      const errors: string[] = [];
      page.on("pageerror", ({ message }) => errors.push(message));
      page.on("console", (message) => {
        // What the network refuses is told by the page itself.
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
          errors.push(message.text());
        }
      });
      await page.goto(address + path);
      return { page, errors };
    },
    async close() {
      await browser.close();
      await close();
      await cleanUp();
    },
  };
}

/** Builds the dashboard and serves it with the headers it is made for, beside the API at another address. */
export async function servePages(api: string): Promise<{ address: string; close(): Promise<void> }> {
  const folder = await builtDashboard();
  const pages = await preview({
    configFile: join(DASHBOARD, "vite.config.ts"),
    logLevel: "error",
    build: { outDir: folder },
    preview: {
      host: "127.0.0.1",
      port: 0,
      headers: pageHeaders(),
      proxy: { "/api": { target: api, configure } },
    },
  });
  return {
    address: pages.resolvedUrls!.local[0]!.replace(/\/$/, ""),
    close: () => pages.close(),
  };
}

/** What breaks off behind the proxy breaks off before it, as without one. */
const configure: NonNullable<ProxyOptions["configure"]> = (proxy) =>
  proxy.on("proxyRes", (from, _, to) => from.once("close", () => from.complete || to.destroy()));

/** The same as `static/_headers` has for all pages. */
function pageHeaders(): Record<string, string> {
  const [, block] = /^\/\*\n((?: +\S.*\n)+)/m.exec(readFileSync(join(DASHBOARD, "static/_headers"), "utf8"))!;
  return Object.fromEntries(
    block!
      .trim()
      .split("\n")
      .map((line) => {
        const [, name, value] = /^\s*([^:]+):\s*(.*)$/.exec(line)!;
        return [name!, value!];
      }),
  );
}

/** PLATEAU_CHROMIUM, or where systems have it. It asks nobody but the page's own server. */
export function launch(): Promise<Browser> {
  const known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const executablePath = process.env["PLATEAU_CHROMIUM"] ?? known.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(`There is no Chromium at ${known.join(", ")}; install it, or set PLATEAU_CHROMIUM.`);
  }
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
