/** Sizes and times as people write them on a command line. */
import { InvalidArgumentError } from "commander";

const BYTES = {
  "": 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
} as const;
const SECONDS = { "": 1, s: 1, m: 60, min: 60, h: 3600 } as const;

/** `8GB`, `500MB`; a number alone is bytes. */
export function byteSize(text: string): number {
  const value = quantity(text, BYTES);
  if (value !== null && value >= 1) return Math.floor(value);
  throw new InvalidArgumentError("Expected a size such as 8GB or 500MB.");
}

/** `10m`, `90s`, `2h`; a number alone is seconds. */
export function timeSpan(text: string): number {
  const value = quantity(text, SECONDS);
  if (value !== null && value <= 30 * 86_400) return value;
  throw new InvalidArgumentError("Expected a time such as 10m, 90s or 2h.");
}

function quantity(text: string, units: Readonly<Record<string, number>>): number | null {
  const found = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text.trim());
  const unit =
    found && Object.entries(units).find(([name]) => name.toLowerCase() === found[2]!.toLowerCase());
  return unit ? Number(found[1]) * unit[1] : null;
}
