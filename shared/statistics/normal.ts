/** Φ(u), the standard normal distribution function, to about fourteen digits (Abramowitz & Stegun 26.2.11, 26.2.14). */
export function normalCdf(u: number): number {
  const density = Math.exp((-u * u) / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(u) < 3) {
    let term = u;
    let sum = u;
    for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) sum += term *= (u * u) / k;
    return 0.5 + density * sum;
  }
  const size = Math.abs(u);
  let fraction = size;
  for (let k = 100; k > 0; k--) fraction = size + k / fraction;
  const tail = density / fraction;
  return u < 0 ? tail : 1 - tail;
}
