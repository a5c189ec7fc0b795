/** What an order costs besides its goods, in words. */
import type { Charge } from "../api/types";
import { t } from "../i18n/words";

export function chargeWords(charge: Charge): string {
  const about = { name: charge.title || charge.name, rate: charge.rate };
  return t(`orders.charge.${charge.included ? "included" : charge.kind}` as const, about);
}
