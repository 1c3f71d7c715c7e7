/** From the words of a command line to values; wrong ones are refused with what was expected. */
import { InvalidArgumentError } from "commander";

/** The most directions that an example may draw. */
export const LARGEST_DIRECTIONS = 1_000_000;

/** A parser of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER
        ? `Expected a whole number from ${least}.`
        : `Expected a whole number from ${least} to ${most}.`,
    );
  };
}

/** `5%` or `0.05`. */
export function fraction(text: string): number {
  const value = /^[\d.]+%$/.test(text) ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text !== "" && value > 0 && value < 1) return value;
  throw new InvalidArgumentError("Expected a percentage such as 5%, or a fraction such as 0.05.");
}

/** A number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
}

/** `2^-11`, `4.9e-4` or `0.00049`. */
export function stepSize(text: string): number {
  const power = /^2\^-(\d+)$/.exec(text);
  const value = power ? 2 ** -Number(power[1]) : Number(text);
  if (text !== "" && value >= 2 ** -30 && value <= 1) return value;
  throw new InvalidArgumentError("Expected a number between 2^-30 and 1, such as 2^-11 or 5e-4.");
}

/** Items between commas, blanks around them ignored. */
export function commaSeparated(text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.every((item) => item !== "")) return items;
  throw new InvalidArgumentError("Expected items separated by commas.");
}

/** Gathers an option that may be given several times. */
export function collect(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, text];
}
