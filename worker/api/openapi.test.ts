import { expect, test } from "vitest";
import { app } from "./app.ts";
import { api } from "./testing/request.ts";

interface Description {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}

test("openapi.json describes every route, and all it refers to is there", async () => {
  const text = await (await api("openapi.json")).text();
  const description = JSON.parse(text) as Description;
  expect(description.openapi).toBe("3.1.0");
  const described = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`),
  );
  const routes = app.routes
    .filter(({ method, path }) => method !== "ALL" && !path.endsWith("/openapi.json"))
    .map(({ method, path }) => `${method} ${path}`);
  expect(new Set(described)).toEqual(new Set(routes));
  for (const methods of Object.values(description.paths)) {
    for (const { responses } of Object.values(methods)) expect(responses).toHaveProperty("default");
  }
  for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
    expect(description.components.schemas).toHaveProperty(name!);
  }
});
