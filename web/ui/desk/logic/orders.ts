/** Which steps staff may take with an order in a state; the server has the last word. */
import type { OrderStep } from "../api/types";

const STEPS: Record<string, OrderStep[]> = {
  placed: ["cancel"],
  paid: ["prepare", "cancel", "refund"],
  confirmed: ["prepare", "cancel"],
  preparing: ["ship", "cancel", "refund"],
  shipped: ["complete", "refund"],
  completed: ["refund"],
};

export const STATES = ["placed", "paid", "confirmed", "preparing", "shipped", "completed", "cancelled", "expired", "refunded"] as const;

/** Refunds are for managers; an order that ended unshipped can be refunded when money was `captured` for it. */
export function stepsOf(state: string, manager: boolean, captured = false): OrderStep[] {
  const ended = state === "cancelled" || state === "expired";
  const steps = STEPS[state] ?? (ended && captured ? (["refund"] as const) : []);
  return steps.filter((step) => manager || step !== "refund");
}

export type Tone = "plain" | "good" | "busy" | "warn" | "bad";

const TONES: Record<string, Tone> = {
  placed: "warn",
  paid: "good",
  confirmed: "warn",
  preparing: "busy",
  shipped: "busy",
  completed: "good",
  cancelled: "plain",
  expired: "plain",
  refunded: "bad",
};

export const toneOf = (state: string): Tone => TONES[state] ?? "plain";
