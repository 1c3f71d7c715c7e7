import { expect, test } from "vitest";
import { ProgressPlan, type ProgressState } from "./progress-plan.ts";

/** A plan, a clock to turn, and what it told last. */
function setUp(rows: readonly number[]) {
  let time = 0;
  let last!: ProgressState;
  const plan = new ProgressPlan(
    rows,
    () => time,
    (state) => (last = state),
  );
  const pass = (count: number, seconds: number) => {
    void plan.hooks.beforePass!(count);
    time += seconds;
  };
  return { plan, pass, state: () => last };
}

test("tells how much is done and how long the rest takes", () => {
  const { plan, pass, state } = setUp([0, 100, 300]);
  plan.hooks.onStage!("checking");
  plan.hooks.onStage!("choosing");
  pass(100, 1);
  plan.hooks.onStage!("measuring");
  pass(100, 1);
  expect(state()).toMatchObject({ stage: "measuring", fraction: 0.25, rate: 100, secondsLeft: 3 });
});

test("takes stages as they turn out", () => {
  const { plan, pass, state } = setUp([100, 100]);
  plan.hooks.onStage!("choosing");
  pass(20, 1);
  pass(20, 1);
  plan.hooks.onStage!("measuring");
  // 60 rows fewer than foreseen.
  expect(state().fraction).toBeCloseTo(40 / 140, 12);
  // A round ends, and the next one turns out to be long.
  plan.hooks.onRows!(0, 360);
  pass(0, 1);
  expect(state().fraction).toBeCloseTo(40 / 400, 12);
});
