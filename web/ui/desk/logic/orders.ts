/** Which steps staff may take with an order: the server names them, and has the last word. */
import type { OrderRow, OrderStep } from "../api/types";

export const STATES = [
  "placed",
  "paid",
  "confirmed",
  "packed",
  "partly_shipped",
  "shipped",
  "delivered",
  "completed",
  "cancelled",
  "expired",
  "returned",
  "refunded",
] as const;

/**
 * Some are for managers; an order can be refunded when money was `captured` for it, as far as that is known. Pieces of
 * it can be cancelled where it has more than one, also where it is paid on delivery.
 */
export function stepsOf(
  order: Pick<OrderRow, "paid_at" | "steps" | "state" | "lines">,
  manager: boolean,
  captured = order.paid_at !== null,
): OrderStep[] {
  const mine = order.steps.filter((step) => manager || step.role !== "manager").map((step) => step.name);
  const pieces = order.lines.reduce((sum, line) => sum + line.quantity - line.cancelled, 0);
  const parts = order.state === "partly_shipped" || pieces > 1;
  return mine.filter((name) => (name === "refund" ? captured : name !== "cancel_part" || ((captured || !order.paid_at) && parts)));
}

export type Tone = "plain" | "good" | "busy" | "warn" | "bad";

const TONES: Record<string, Tone> = {
  placed: "warn",
  paid: "good",
  confirmed: "warn",
  preparing: "busy",
  packed: "busy",
  partly_shipped: "busy",
  shipped: "busy",
  delivered: "good",
  completed: "good",
  cancelled: "plain",
  expired: "plain",
  returned: "warn",
  refunded: "bad",
};

export const toneOf = (state: string): Tone => TONES[state] ?? "plain";

/** "DE" as a reader calls it; what nobody knows is its code. */
export function countryName(code: string, language: string): string {
  try {
    return new Intl.DisplayNames([language], { type: "region" }).of(code) ?? code;
  } catch {
    return code;
  }
}
