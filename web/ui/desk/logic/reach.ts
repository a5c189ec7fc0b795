/** What the desk says above the reply box about the channel's window. */
import type { CanSend } from "../api/types";

export type Line =
  | { kind: "window"; minutes: number | null; left: number | null; urgent: boolean }
  | { kind: "template" }
  | { kind: "person"; until: string };

const SOON_MINUTES = 60;

/** Null where nothing limits what is written, and where nothing may be: that is said in place of the composer. */
export function lineOf(reach: CanSend | null, now: number): Line | null {
  if (!reach?.ok) return null;
  const { until, left, how } = reach;
  if (how === "template") return { kind: "template" };
  if (how === "person" && until !== null) return { kind: "person", until };
  const minutes = until === null ? null : Math.max(1, Math.floor((Date.parse(until) - now) / 60_000));
  if (minutes === null && left === null) return null;
  return { kind: "window", minutes, left, urgent: (minutes ?? SOON_MINUTES) < SOON_MINUTES || left === 1 };
}

/** Whether the time it speaks of is over, so that it must be asked for anew. */
export const isOver = (reach: CanSend | null, now: number): boolean =>
  reach !== null && reach.until !== null && Date.parse(reach.until) <= now;
