// Keeps the messages of the server: each once, in the order of `seq`, and knows where something is missing.

import type { Message } from "./protocol";

export interface Timeline {
  /** Ascending by `seq`, no `seq` twice. */
  readonly messages: readonly Message[];
  /** Nothing is missing up to here; this is the `after` of the next connection. */
  readonly known: number;
  /** The server has messages before the first one. */
  readonly older: boolean;
}

/** So many messages are held before the oldest make room, and so many stay then. */
export const MOST = 400;
export const KEEP = 150;

export const empty: Timeline = { messages: [], known: 0, older: false };

/** The first messages after a connection with `after` 0: the newest ones, nothing missing behind them. */
export function start(messages: readonly Message[], last: number, older: boolean): Timeline {
  return { messages: merge([], messages), known: Math.max(last, lastSeq(messages)), older };
}

/** Live messages, new or changed. What is older than all we show is left to "load earlier". */
export function receive(timeline: Timeline, live: readonly Message[]): Timeline {
  const first = timeline.older ? (timeline.messages[0]?.seq ?? 0) : 0;
  const messages = merge(timeline.messages, live.filter((message) => message.seq >= first));
  return { ...timeline, messages, known: reach(messages, timeline.known) };
}

/** What the server sent for "everything after `known`"; with `more` there is another page of it. */
export function catchUp(timeline: Timeline, page: readonly Message[], more: boolean): Timeline {
  const messages = merge(timeline.messages, page);
  const told = Math.max(timeline.known, lastSeq(page));
  const nothingThere = !more && page.length === 0;
  return { ...timeline, messages, known: nothingThere ? Math.max(told, lastSeq(messages)) : reach(messages, told) };
}

/** A page of earlier messages, put in front. */
export function prepend(timeline: Timeline, page: readonly Message[], more: boolean): Timeline {
  return { ...timeline, messages: merge(timeline.messages, page), older: more };
}

/** A long talk stays light while its reader is at the newest message: what makes room can be loaded again. */
export function lighten(timeline: Timeline): Timeline {
  if (timeline.messages.length <= MOST) return timeline;
  return { ...timeline, messages: timeline.messages.slice(-KEEP), older: true };
}

/** True when a message came whose predecessors did not (or are not for visitors: the server knows). */
export function hasGap(timeline: Timeline): boolean {
  return lastSeq(timeline.messages) > timeline.known;
}

function lastSeq(messages: readonly Message[]): number {
  return messages[messages.length - 1]?.seq ?? 0;
}

function merge(old: readonly Message[], added: readonly Message[]): readonly Message[] {
  const shown = added.filter((message) => message.author !== "note" && message.author !== "event");
  if (shown.length === 0) return old;
  const bySeq = new Map(old.map((message) => [message.seq, message]));
  for (const message of shown) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** How far the unbroken run from `known` goes. */
function reach(messages: readonly Message[], known: number): number {
  for (const { seq } of messages) if (seq === known + 1) known = seq;
  return known;
}
