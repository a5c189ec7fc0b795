// Keeps what the visitor said until the server has it: in order, under one client id, through reloads and lost connections.

import type { Attachment, Message, Outgoing } from "./protocol";

export interface Pending {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
  /** What a tapped button carries; "" for a typed message. */
  readonly data: string;
  readonly files: readonly Attachment[];
  /** `kept`: the server has it on disk, its own copy is on the way. */
  readonly state: "queued" | "sending" | "kept" | "failed";
  readonly error: string;
  /** Another tab of this visitor wrote it, and sends it. */
  readonly foreign: boolean;
}

export type Outbox = readonly Pending[];

/** After so many milliseconds a message of another tab is sent by this one; the server takes an id only once. */
export const ADOPT_AFTER = 20_000;

export function compose(id: string, at: number, text: string, data = "", files: readonly Attachment[] = []): Pending {
  return { id, at, text, data, files, state: "queued", error: "", foreign: false };
}

export function outgoing(item: Pending): Outgoing {
  const tap = item.data ? { data: item.data, label: item.text } : {};
  const files = item.files.length ? { files: item.files.map((file) => file.id) } : {};
  return { id: item.id, text: item.text, ...tap, ...files };
}

/** The next one to send: always the oldest, so that order is kept. */
export function nextToSend(outbox: Outbox, now: number): Pending | undefined {
  return outbox.find((item) => item.state === "queued" && (!item.foreign || now - item.at > ADOPT_AFTER));
}

export function change(outbox: Outbox, id: string, fields: Partial<Pending>): Outbox {
  return outbox.map((item) => (item.id === id ? { ...item, ...fields } : item));
}

/** "Try again": to the end of the queue, as if it were said now, with the same id. */
export function retry(outbox: Outbox, id: string, now: number): Outbox {
  const again = outbox.filter((item) => item.id === id && item.state === "failed");
  if (again.length === 0) return outbox;
  const rest = outbox.filter((item) => item.id !== id);
  return [...rest, ...again.map((item): Pending => ({ ...item, at: now, state: "queued", error: "", foreign: false }))];
}

/** The connection broke: whatever was under way is sent again, by whichever tab connects first. */
export function requeue(outbox: Outbox): Outbox {
  return outbox.map((item) => (item.state === "sending" ? { ...item, state: "queued" } : item));
}

/** Connected again: every message is ours to send, those of other tabs too. */
export function adopt(outbox: Outbox): Outbox {
  return outbox.map((item) => (item.foreign ? { ...item, foreign: false } : item));
}

/** The server's copies came: ours go. */
export function settle(outbox: Outbox, messages: readonly Message[]): Outbox {
  if (outbox.length === 0) return outbox;
  const arrived = new Set(messages.filter((message) => message.author === "customer").map((message) => message.id));
  return outbox.some((item) => arrived.has(item.id)) ? outbox.filter((item) => !arrived.has(item.id)) : outbox;
}

/** Another tab changed the stored queue: show what it added; what it took away was sent, or given up. */
export function mergeStored(outbox: Outbox, stored: Outbox, messages: readonly Message[]): Outbox {
  const storedIds = new Set(stored.map((item) => item.id));
  const ownIds = new Set(outbox.map((item) => item.id));
  const kept = outbox
    .filter((item) => storedIds.has(item.id) || item.state !== "failed")
    .map((item): Pending => (storedIds.has(item.id) ? item : { ...item, state: "kept" }));
  const added = stored.filter((item) => !ownIds.has(item.id)).map((item): Pending => ({ ...item, foreign: true }));
  return settle([...kept, ...added], messages);
}

/** A new conversation: words are kept, taps and files belonged to the old one. */
export function onlyWords(outbox: Outbox): Outbox {
  return outbox.filter((item) => !item.data && item.files.length === 0 && item.text && item.state !== "kept");
}
