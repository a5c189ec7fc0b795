/** What an order costs by its goods, as the server reckons it (bot/core/pricing.py: Cost). */
import type { Cost } from "../api/types";

/** Its total in minor units, were these all of its goods. What goes back for pieces is the difference of two. */
export function total(cost: Omit<Cost, "kept">, goods: number): number {
  const priced = BigInt(cost.goods);
  const net = priced - BigInt(cost.off);
  const due = (priced ? share(BigInt(goods), net > 0n ? net : 0n, priced) : 0n) + BigInt(cost.shipping);
  return Number(cost.rates.reduce((sum, rate) => sum + share(due, BigInt(rate), WHOLE), due));
}

const WHOLE = 100_000n;

/** Rounded half up; none of them is negative. */
const share = (amount: bigint, part: bigint, whole: bigint): bigint => (2n * amount * part + whole) / (2n * whole);
