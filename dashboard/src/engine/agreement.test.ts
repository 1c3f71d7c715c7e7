import { expect, test } from "vitest";
import { agreementOf } from "./agreement.ts";

const measure = (value: number, roundingError = 0) => ({
  ...{ value, standardError: 0.1, unit: "nats/token" },
  ...(roundingError > 0 && { roundingError }),
});
const reference = {
  loss: measure(1.5),
  "fisher-trace": measure(60),
  "hessian-trace": measure(58, 0.001),
};

test("what other kernels may make is allowed, and no more", () => {
  const close = { loss: measure(1.50001), "fisher-trace": measure(60.005), "hessian-trace": measure(58.1) };
  expect(agreementOf(32, reference, close).agrees).toBe(true);
  const off = { ...close, "fisher-trace": measure(60.1) };
  const found = agreementOf(32, reference, off);
  expect(found.agrees).toBe(false);
  const fisher = found.measures.find(({ label }) => label === "Fisher trace")!;
  expect(fisher).toMatchObject({ agrees: false, allowed: 1e-4 });
  expect(fisher.difference).toBeCloseTo(0.1 / 60);
});

test("rounding is no disagreement", () => {
  const small = { "hessian-trace": measure(0.001, 0.002) };
  expect(agreementOf(32, small, { "hessian-trace": measure(-0.003, 0.002) }).agrees).toBe(true);
  expect(agreementOf(32, small, { "hessian-trace": measure(-0.03, 0.002) }).agrees).toBe(false);
});

test("undefined agrees with undefined alone", () => {
  const none = { "fisher-trace": { value: null, reason: "no step" } };
  expect(agreementOf(32, none, none).agrees).toBe(true);
  expect(agreementOf(32, none, { "fisher-trace": measure(1) }).agrees).toBe(false);
});
