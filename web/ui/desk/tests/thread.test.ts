import { describe, expect, it } from "vitest";

import * as thread from "../logic/thread";
import { message, minute } from "./make";

const seqs = (messages: readonly { seq: number }[]): number[] => messages.map((one) => one.seq);
const outgoing = (id: string): thread.Outgoing => ({
  id,
  text: "hi",
  files: [],
  names: [],
  note: false,
  wait: false,
  at: minute(0),
  state: "sending",
  error: "",
});

describe("merging", () => {
  it("keeps one copy of each number, the newer one, in order", () => {
    const merged = thread.merged([message(1), message(3)], [message(3, { delivery: "sent" }), message(2)]);
    expect(seqs(merged)).toEqual([1, 2, 3]);
    expect(merged[2]?.delivery).toBe("sent");
  });

  it("puts older pages before and newer messages after", () => {
    const known = [message(50), message(51)];
    expect(seqs(thread.merged(known, [message(48), message(49)]))).toEqual([48, 49, 50, 51]);
    expect(seqs(thread.merged(known, [message(52)]))).toEqual([50, 51, 52]);
  });

  it("is the same in any order of arrival", () => {
    const all = [5, 1, 4, 2, 3].map((seq) => message(seq));
    const one = all.reduce<ReturnType<typeof thread.merged>>((known, next) => thread.merged(known, [next]), []);
    expect(one).toEqual(thread.merged([], [...all].sort((a, b) => a.seq - b.seq)));
  });
});

describe("gaps", () => {
  it("names the last message before the first hole", () => {
    expect(thread.gap([message(1), message(2), message(5), message(9)])).toBe(2);
  });
  it("is nothing in a whole thread, also one that begins late", () => {
    expect(thread.gap([message(40), message(41), message(42)])).toBeNull();
    expect(thread.gap([])).toBeNull();
  });
});

describe("optimistic messages", () => {
  it("go when the stored one with their id is there, and only then", () => {
    const waiting = [outgoing("a"), outgoing("b")];
    expect(thread.unsettled(waiting, [message(1, { id: "b" }), message(2)]).map((one) => one.id)).toEqual(["a"]);
  });
});

describe("reading", () => {
  const kinds = (items: thread.Item[]): string[] =>
    items.map((item) => (item.kind === "group" ? `${item.author}×${item.messages.length}` : item.kind));

  it("groups one author within five minutes and shows each day once", () => {
    const messages = [
      message(1),
      message(2),
      message(3, { author: "bot" }),
      message(4, { author: "event", text: "paid" }),
      message(5, { author: "bot" }),
      message(11, { author: "bot", at: minute(59) }),
    ];
    expect(kinds(thread.items(messages, "UTC"))).toEqual(["day", "customer×2", "bot×1", "event", "bot×1", "bot×1"]);
  });

  it("does not join two colleagues", () => {
    const staff = (seq: number, name: string) => message(seq, { author: "staff", name });
    expect(kinds(thread.items([staff(1, "Mei"), staff(2, "Tom")], "UTC"))).toEqual(["day", "staff×1", "staff×1"]);
  });

  it("begins a new day at the viewer's midnight, not at UTC's", () => {
    const late = message(1, { at: "2026-11-22T15:59:00.000Z" });
    const later = message(2, { at: "2026-11-22T16:01:00.000Z" });
    const days = (zone: string) => thread.items([late, later], zone).filter((item) => item.kind === "day").length;
    expect(days("Asia/Shanghai")).toBe(2);
    expect(days("UTC")).toBe(1);
  });
});

it("a long thread keeps its newest part", () => {
  const messages = Array.from({ length: 401 }, (_, at) => message(at + 1));
  expect(seqs(thread.trimmed(messages, 400, 150))).toEqual(Array.from({ length: 150 }, (_, at) => at + 252));
  expect(thread.trimmed(messages, 401, 150)).toBe(messages);
});
