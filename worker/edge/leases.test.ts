import { expect, test } from "vitest";
import { PlateauError } from "../../shared/errors.ts";
import { Leases, type Lease } from "./leases.ts";

const wait = () => Promise.resolve();

test("gives way when the work fails, after cleaning up", async () => {
  const leases = new Leases({ wait });
  const events: string[] = [];
  const failing = leases.run(async (lease) => {
    lease.onEnd(async () => void events.push("cleaned up"));
    throw new Error("broken");
  });
  await expect(failing).rejects.toThrow("broken");
  await leases.run(async () => void events.push("next"));
  expect(events).toEqual(["cleaned up", "next"]);
});

test("takes over from a holder without signs of life, whose next one throws", async () => {
  const leases = new Leases({ wait, poll: 1, patience: 3 });
  let lost: Lease | undefined;
  let cleanedUp = 0;
  void leases.run((lease) => {
    lost = lease;
    lease.onEnd(async () => void cleanedUp++);
    return new Promise(() => {});
  });
  const others = [1, 2, 3].map((value) => leases.run(async () => value));
  expect(await Promise.all(others)).toEqual([1, 2, 3]);
  expect(cleanedUp).toBe(1);
  expect(() => lost!.renew()).toThrow(PlateauError);
});

test("waits as long as the holder renews", async () => {
  let ticks = 0;
  let holder: Lease | undefined;
  let finish = () => {};
  const leases = new Leases({
    poll: 1,
    patience: 3,
    async wait() {
      if (++ticks < 20) holder?.renew();
      else finish();
    },
  });
  const first = leases.run((lease) => {
    holder = lease;
    return new Promise<void>((resolve) => (finish = resolve));
  });
  await leases.run(async () => {});
  await first;
  expect(ticks).toBeGreaterThanOrEqual(20);
});
