/** From where a request comes. */

/** What proxies add that pass on requests of others: the connection then says nothing of who asks. */
const FORWARDED = ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"];

/**
 * The address that limits are kept for, an IPv6 one up to its network of 64 bits, of which one household has the whole.
 * Null where no network lies between. Cloudflare and wrangler set the header.
 */
export function clientAddress(headers: Headers): string | null {
  const address = headers.get("CF-Connecting-IP")?.trim().toLowerCase();
  if (!address) return null;
  return address.includes(":") && !isIPv4Mapped(address) ? networkOf(address) : address;
}

/** Whether the request comes from this very machine, as far as the connection shows. */
export function isLocal(headers: Headers): boolean {
  if (FORWARDED.some((name) => headers.has(name))) return false;
  const address = headers.get("CF-Connecting-IP")?.trim().toLowerCase();
  return !address || address === "::1" || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}

function isIPv4Mapped(address: string): boolean {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/.test(address);
}

/** The first four of eight groups. */
function networkOf(address: string): string {
  const [head = "", tail] = address.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail ? tail.split(":") : [];
  const between = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...Array<string>(between).fill("0"), ...last];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
