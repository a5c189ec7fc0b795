/** The messages of one conversation as a value: merged by sequence number, gaps found, grouped for reading. */
import type { Message } from "../api/types";
import { dayOf } from "./time";

/** Both sorted by `seq`; the incoming copy wins. */
export function merged(known: readonly Message[], incoming: readonly Message[]): Message[] {
  const bySeq = new Map(known.map((message) => [message.seq, message]));
  for (const message of incoming) bySeq.set(message.seq, message);
  const last = known.at(-1);
  const appends = incoming.every((message) => !last || message.seq > last.seq);
  const all = [...bySeq.values()];
  return appends ? all : all.sort((a, b) => a.seq - b.seq);
}

/** The last number before a hole; null when nothing is missing. */
export function gap(messages: readonly Message[]): number | null {
  for (let at = 1; at < messages.length; at += 1) {
    const before = messages[at - 1];
    const here = messages[at];
    if (before && here && here.seq !== before.seq + 1) return before.seq;
  }
  return null;
}

/** Long threads stay light: only the newest part remains. */
export function trimmed(messages: readonly Message[], most: number, keep: number): readonly Message[] {
  return messages.length > most ? messages.slice(-keep) : messages;
}

/** The other way round: for a reader who goes back. */
export function oldest(messages: readonly Message[], most: number): readonly Message[] {
  return messages.length > most ? messages.slice(0, most) : messages;
}

export type Outgoing = {
  readonly id: string;
  readonly text: string;
  readonly files: readonly number[];
  readonly names: readonly string[];
  readonly note: boolean;
  /** It may be left until the customer writes. */
  readonly wait: boolean;
  readonly at: string;
  readonly state: "sending" | "failed";
  readonly error: string;
};

/** What the server has stored needs no optimistic copy. */
export function unsettled(outgoing: readonly Outgoing[], messages: readonly Message[]): Outgoing[] {
  const ids = new Set(messages.map((message) => message.id).filter((id) => id !== ""));
  return outgoing.filter((message) => !ids.has(message.id));
}

export type Item =
  | { kind: "day"; key: string; at: string }
  | { kind: "event"; key: string; message: Message }
  | { kind: "group"; key: string; author: Message["author"]; name: string; messages: Message[] };

const TOGETHER_MS = 5 * 60_000;

/** Days, thin event lines, and runs of one author within five minutes. */
export function items(messages: readonly Message[], zone: string): Item[] {
  const found: Item[] = [];
  let day = "";
  for (const message of messages) {
    const today = dayOf(message.at, zone);
    if (today !== day) found.push({ kind: "day", key: `day-${today}`, at: message.at });
    day = today;
    add(found, message);
  }
  return found;
}

function add(found: Item[], message: Message): void {
  const last = found.at(-1);
  if (message.author === "event") found.push({ kind: "event", key: `m${message.seq}`, message });
  else if (last?.kind === "group" && together(last, message)) last.messages.push(message);
  else {
    const { author, name, seq } = message;
    found.push({ kind: "group", key: `m${seq}`, author, name, messages: [message] });
  }
}

function together(group: Extract<Item, { kind: "group" }>, message: Message): boolean {
  const last = group.messages.at(-1);
  if (!last || group.author !== message.author || group.name !== message.name) return false;
  return Date.parse(message.at) - Date.parse(last.at) < TOGETHER_MS;
}
