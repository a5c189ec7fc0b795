import { describe, expect, it } from "vitest";

import { complete, filled, firstCanned, suggest, trigger } from "../logic/canned";
import { draftIds, loadDraft, saveDraft, type Shelf } from "../logic/drafts";

class MemoryShelf implements Shelf {
  readonly kept = new Map<string, string>();
  constructor(private readonly full = false) {}
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    this.kept.set(key, value);
  }
  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

describe("drafts", () => {
  it("are kept for each conversation and forgotten when empty", () => {
    const shelf = new MemoryShelf();
    saveDraft(shelf, 7, 1, { text: "half a", note: true }, 1);
    saveDraft(shelf, 7, 2, { text: "other", note: false }, 2);
    expect(loadDraft(shelf, 7, 1)).toEqual({ text: "half a", note: true });
    saveDraft(shelf, 7, 1, { text: "  ", note: true }, 3);
    expect(loadDraft(shelf, 7, 1)).toEqual({ text: "", note: false });
    expect(draftIds(shelf, 7)).toEqual([2]);
  });

  it("are of one member of staff and no other", () => {
    const shelf = new MemoryShelf();
    saveDraft(shelf, 7, 1, { text: "mine", note: false }, 1);
    expect(loadDraft(shelf, 8, 1)).toEqual({ text: "", note: false });
    expect(draftIds(shelf, 8)).toEqual([]);
  });

  it("are at most two hundred, the newest", () => {
    const shelf = new MemoryShelf();
    for (let id = 1; id <= 230; id += 1) saveDraft(shelf, 7, id, { text: "x", note: false }, id);
    expect(draftIds(shelf, 7).sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, at) => at + 31));
  });

  it("survive a full or spoilt shelf", () => {
    const spoilt = new MemoryShelf();
    spoilt.kept.set("parley.desk.drafts.7", "{not json");
    expect(loadDraft(spoilt, 7, 1)).toEqual({ text: "", note: false });
    expect(() => saveDraft(new MemoryShelf(true), 7, 1, { text: "x", note: false }, 1)).not.toThrow();
  });
});

describe("ready-made replies", () => {
  const replies = [
    { name: "moment", text: "One moment please" },
    { name: "hello", text: "Hello, this is {me}" },
    { name: "shipped", text: "It is on its way to you, {name}. Hello again" },
  ];

  it("are found by name first, then by words", () => {
    expect(suggest(replies, "hel").map((one) => one.name)).toEqual(["hello", "shipped"]);
    expect(suggest(replies, "").map((one) => one.name)).toEqual(["moment", "hello", "shipped"]);
    expect(suggest(replies, "zzz")).toEqual([]);
  });

  it("know both names", () => {
    expect(filled({ name: "", text: "{me} to {name}, {name}" }, { me: "Mei", customer: "Ann" })).toBe("Mei to Ann, Ann");
  });

  it("begin with what this browser kept, else with some of each language", () => {
    const shelf = new MemoryShelf();
    shelf.setItem("parley.desk.canned.en", JSON.stringify(replies));
    expect(firstCanned(shelf, "en")).toEqual(replies);
    expect(firstCanned(shelf, "zh").every((one) => /[\u4e00-\u9fff]/.test(one.text))).toBe(true);
    shelf.setItem("parley.desk.canned.en", "{");
    expect(firstCanned(shelf, "en")).toHaveLength(4);
  });

  it("are kept without empty lines", () => {
    expect(complete([...replies, { name: " ", text: "x" }, { name: "y", text: "" }])).toEqual(replies);
  });
});

describe("what the caret completes", () => {
  it("is a slash at the start of a line", () => {
    expect(trigger("/he", 3, false)).toEqual({ mark: "/", word: "he", start: 0 });
    expect(trigger("hi\n/x", 5, false)).toEqual({ mark: "/", word: "x", start: 3 });
    expect(trigger("either/or", 9, false)).toBeNull();
    expect(trigger("/hello there", 12, false)).toBeNull();
  });
  it("is an at sign only where colleagues can be named", () => {
    expect(trigger("see @me", 7, true)).toEqual({ mark: "@", word: "me", start: 4 });
    expect(trigger("see @me", 7, false)).toBeNull();
    expect(trigger("mail@example", 12, true)).toBeNull();
  });
});
