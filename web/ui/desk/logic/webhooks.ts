/** What a webhook may want: names such as "order.paid", or all of a group, "order.*". */
import type { WebhookDelivery } from "../api/types";

export const GROUPS = ["order", "payment", "review", "conversation", "message"] as const;
export type Group = (typeof GROUPS)[number];

export const everything = (group: Group) => `${group}.*`;
export const namesOf = (names: readonly string[], group: Group) => names.filter((name) => name.startsWith(`${group}.`));

/** With `wanted` or without it; who wants all of a group need not name its events. */
export function toggled(events: readonly string[], wanted: string): string[] {
  if (events.includes(wanted)) return events.filter((one) => one !== wanted);
  const covered = wanted.endsWith(".*") ? wanted.slice(0, -1) : null;
  return [...events.filter((one) => covered === null || !one.startsWith(covered)), wanted];
}

/** How a delivery went, as a kind of chip. */
export function mark(delivery: WebhookDelivery): "good" | "warn" | "bad" {
  if (delivery.state === "delivered") return "good";
  return delivery.state === "failed" ? "bad" : "warn";
}
