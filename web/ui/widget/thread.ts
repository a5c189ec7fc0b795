// Turns messages into what a reader sees: days, groups by author and minute, and which buttons still mean something.

import type { Outbox, Pending } from "./outbox";
import type { Button, Message } from "./protocol";

export interface Entry {
  /** The same for the visitor's own message before and after the server has it. */
  readonly key: string;
  readonly message: Message;
  readonly pending: Pending | null;
  /** `null` while the question is open; else which button was chosen ("" when none of them). */
  readonly answer: string | null;
  /** Of the newest open one that there is, the link to a payment which may be scanned. */
  readonly scan: Button | null;
}

export interface Group {
  readonly key: string;
  readonly author: "customer" | "bot" | "staff";
  readonly name: string;
  readonly at: Date;
  /** Set when this group is the first of its day. */
  readonly day: Date | null;
  readonly entries: readonly Entry[];
}

export function entries(messages: readonly Message[], outbox: Outbox): Entry[] {
  const all = [
    ...messages.map((message) => ({ key: message.id || `#${message.seq}`, message, pending: null as Pending | null })),
    ...outbox.map((item) => ({ key: item.id, message: draft(item), pending: item })),
  ];
  let answer: { text: string; data: string } | null = null;
  let offered = false;
  let asked = false;
  const result: Entry[] = [];
  for (const entry of all.reverse()) {
    const scan: Button | null = offered ? null : (entry.message.buttons.find((button) => button.scans) ?? null);
    offered ||= scan !== null;
    const form = (entry.message.form ?? []).length > 0;
    // A form that was put again, as after half an hour, is one form.
    result.push({ ...entry, answer: answer ? chosen(entry.message.buttons, answer) : form && asked ? "" : null, scan });
    asked ||= form;
    if (entry.message.author === "customer") answer = { text: entry.message.text, data: entry.pending?.data ?? "" };
  }
  return result.reverse();
}

export function group(list: readonly Entry[]): Group[] {
  const groups: (Group & { entries: Entry[] })[] = [];
  for (const entry of list) {
    const at = new Date(entry.message.at);
    const author = entry.message.author as Group["author"];
    const name = author === "staff" ? entry.message.name : "";
    const last = groups[groups.length - 1];
    if (last && last.author === author && last.name === name && minute(last.at) === minute(at)) {
      last.entries.push(entry);
    } else {
      const day = last && sameDay(last.at, at) ? null : at;
      groups.push({ key: entry.key, author, name, at, day, entries: [entry] });
    }
  }
  return groups;
}

/** The label of the button that the answer stands for: tapped, typed as its label, or typed as its number. */
function chosen(buttons: readonly Button[], answer: { text: string; data: string }): string {
  const typed = fold(answer.text);
  const button =
    buttons.find((one) => answer.data !== "" && one.data === answer.data) ??
    buttons.find((one) => fold(one.label) === typed) ??
    (/^\d{1,2}$/.test(typed) ? buttons[Number(typed) - 1] : undefined);
  return button?.label ?? "";
}

/** Which buttons are stars, by their number; the others ("Skip") stay chips. */
export function starButtons(buttons: readonly Button[]): { stars: { value: number; button: Button }[]; others: Button[] } {
  const stars = buttons
    .map((button) => ({ value: starValue(button.label), button }))
    .filter((one) => one.value > 0)
    .sort((a, b) => a.value - b.value);
  const others = buttons.filter((button) => starValue(button.label) === 0);
  const counted = stars.every((one, index) => one.value === index + 1);
  return counted ? { stars, others } : { stars: [], others: [...buttons] };
}

function starValue(label: string): number {
  const number = /(?:^|\D)([1-9]|10)(?:\D|$)/.exec(label)?.[1];
  if (number) return Number(number);
  return (label.match(/[★⭐]/g) ?? []).length;
}

function draft(item: Pending): Message {
  return {
    seq: 0,
    id: item.id,
    author: "customer",
    name: "",
    at: new Date(item.at).toISOString(),
    text: item.text,
    buttons: [],
    cards: [],
    summary: null,
    files: [...item.files],
    input: "",
    form: [],
    delivery: "",
    error: item.error,
  };
}

function fold(text: string): string {
  return text.normalize("NFKC").trim().toLowerCase();
}

function minute(date: Date): number {
  return Math.floor(date.getTime() / 60_000);
}

function sameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}
