import { describe, expect, it } from "vitest";

import type { Row } from "../api/types";
import * as rows from "../logic/rows";
import { minute, row } from "./make";

const ALL: rows.View = { filter: "all", query: "", me: 7 };
const ids = (list: rows.RowList): number[] => list.rows.map((one) => one.id);
const loaded = (next: string | null = null): rows.RowList => rows.replaced([row(3), row(2), row(1)], next);

describe("the order of the list", () => {
  it("is newest first, equal times by id", () => {
    const list = rows.replaced([row(1), row(5, { last_at: minute(2) }), row(2)], null);
    expect(ids(list)).toEqual([5, 2, 1]);
  });

  it("moves a conversation up when something is said in it", () => {
    const list = rows.received(loaded(), row(1, { last_at: minute(9), last_text: "new" }), ALL, false);
    expect(ids(list)).toEqual([1, 3, 2]);
    expect(list.rows[0]?.last_text).toBe("new");
  });

  it("drops a copy that is older than the one here", () => {
    const list = rows.replaced([row(1, { version: 3, last_text: "late" })], null);
    const late = rows.received(list, row(1, { version: 2, last_text: "early" }), ALL, false);
    expect(late.rows.map((one) => one.last_text)).toEqual(["late"]);
  });

  it("puts a new conversation where it belongs", () => {
    expect(ids(rows.received(loaded(), row(9), ALL, false))).toEqual([9, 3, 2, 1]);
  });

  it("is of those who wait whoever has waited longest first, whatever is said meanwhile", () => {
    const view: rows.View = { ...ALL, filter: "waiting" };
    const waits = (id: number, since: number, said = since) => row(id, { waiting_since: minute(since), last_at: minute(said) });
    let list = rows.replaced([waits(1, 9), waits(2, 3, 20)], null, rows.orderOf(view));
    list = rows.received(list, waits(3, 12), view, false);
    expect(ids(list)).toEqual([2, 1, 3]);
    list = rows.received(list, waits(1, 9, 30), view, true);
    expect([ids(rows.released(list, view)), rows.waitingAbove(list, view)]).toEqual([[2, 1, 3], 0]);
    expect(ids(rows.replaced([waits(1, 9), waits(2, 3, 20)], null, rows.orderOf({ ...view, query: "tea" })))).toEqual([2, 1]);
    expect(ids(rows.replaced([waits(1, 9, 30), waits(2, 3, 20)], null, rows.orderOf({ ...view, query: "tea" })))).toEqual([1, 2]);
  });

  it("stays in order through ten thousand random changes", () => {
    let seed = 42;
    const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
    let list = rows.EMPTY;
    const truth = new Map<number, Row>();
    for (let step = 0; step < 10_000; step += 1) {
      const one = row(random(60), { last_at: minute(random(50_000)) });
      truth.set(one.id, one);
      list = rows.received(list, one, ALL, random(4) === 0);
      if (random(9) === 0) list = rows.released(list, ALL);
    }
    list = rows.released(list, ALL);
    expect(list.rows).toEqual([...truth.values()].sort(rows.compare));
  });
});

describe("pages", () => {
  it("append without doubling a row that moved up meanwhile", () => {
    const moved = rows.received(loaded("c"), row(0, { last_at: minute(30) }), ALL, false);
    const list = rows.appended(moved, [row(0, { last_at: minute(0) })], null);
    expect(ids(list)).toEqual([0, 3, 2, 1]);
    expect(list.rows[0]?.last_at).toBe(minute(30));
  });

  it("leave a row that is older than the last loaded one to its page", () => {
    const list = rows.replaced([row(30), row(20)], "c");
    expect(ids(rows.received(list, row(5), ALL, false))).toEqual([30, 20]);
    expect(ids(rows.received({ ...list, next: null }, row(5), ALL, false))).toEqual([30, 20, 5]);
  });
});

describe("what a search found", () => {
  const match = { seq: 4, author: "customer", at: minute(1), before: "the ", found: "tea", after: "" } as const;
  const found = rows.replaced([row(3), row(1, { match })], null);
  const view: rows.View = { ...ALL, query: "tea" };

  it.each([true, false])("keeps its line while the conversation goes on, held: %s", (held) => {
    const list = rows.received(found, row(1, { last_at: minute(9), last_text: "new" }), view, held);
    const shown = list.rows.find((one) => one.id === 1);
    expect([shown?.last_text, shown?.match]).toEqual(["new", match]);
    expect(rows.released(list, view).rows.map((one) => [one.id, one.match])).toEqual([[1, match], [3, undefined]]);
  });

  it("is not added to by what was said since", () => {
    expect(ids(rows.received(found, row(9), view, false))).toEqual([3, 1]);
  });
});

describe("a list under the pointer", () => {
  it("shows the new text in place and moves nothing", () => {
    const list = rows.received(loaded(), row(1, { last_at: minute(9), last_text: "new" }), ALL, true);
    expect(ids(list)).toEqual([3, 2, 1]);
    expect(list.rows[2]?.last_text).toBe("new");
    expect(rows.waitingAbove(list, ALL)).toBe(1);
  });

  it("counts each conversation once and takes all places on release", () => {
    let list = loaded();
    for (const one of [row(9), row(9, { last_at: minute(10) }), row(8), row(1, { last_at: minute(20) })])
      list = rows.received(list, one, ALL, true);
    expect(rows.waitingAbove(list, ALL)).toBe(3);
    list = rows.released(list, ALL);
    expect(ids(list)).toEqual([1, 9, 8, 3, 2]);
    expect(list.held.size).toBe(0);
  });

  it("does not count a change that keeps its place", () => {
    const list = rows.received(loaded(), row(2, { unread: 4 }), ALL, true);
    expect(list.held.size).toBe(0);
    expect(list.rows[1]?.unread).toBe(4);
  });

  it("keeps a row that no longer fits until the pointer leaves", () => {
    const mine: rows.View = { filter: "mine", query: "", me: 7 };
    const owner = { id: 7, name: "Mei" };
    const list = rows.replaced([row(3, { owner }), row(2, { owner })], null);
    const held = rows.received(list, row(3), mine, true);
    expect(ids(held)).toEqual([3, 2]);
    expect(rows.waitingAbove(held, mine)).toBe(0);
    expect(ids(rows.released(held, mine))).toEqual([2]);
  });
});

describe("filters", () => {
  const me = { id: 7, name: "Mei" };
  const cases: [rows.View["filter"], Partial<Row>, boolean][] = [
    ["mine", { owner: me }, true],
    ["mine", { owner: { id: 8, name: "Tom" } }, false],
    ["waiting", { waiting_since: minute(1) }, true],
    ["waiting", {}, false],
    ["bot", {}, true],
    ["bot", { owner: me }, false],
    ["bot", { waiting_since: minute(1) }, false],
    ["attention", { attention: "wrong amount" }, true],
    ["attention", {}, false],
    ["all", { closed: true }, true],
  ];
  it.each(cases)("%s with %o is %s", (filter, given, fits) => {
    expect(rows.matches(row(1, given), filter, 7)).toBe(fits);
  });

  it("drop a row that no longer fits", () => {
    const view: rows.View = { filter: "waiting", query: "", me: 7 };
    const list = rows.replaced([row(2, { waiting_since: minute(1) })], null);
    expect(ids(rows.received(list, row(2), view, false))).toEqual([]);
  });

  it("let a search change its rows, but never add to them", () => {
    const view: rows.View = { filter: "all", query: "tea", me: 7 };
    expect(ids(rows.received(loaded(), row(9), view, false))).toEqual([3, 2, 1]);
    expect(rows.received(loaded(), row(2, { unread: 1 }), view, false).rows[1]?.unread).toBe(1);
  });
});

describe("after a lost connection", () => {
  it("the head is new and the tail stays when the two overlap", () => {
    const list = rows.replaced([row(30), row(20), row(10), row(5)], "c");
    const again = rows.refreshed(list, [row(40), row(30, { unread: 2 }), row(20)], "d");
    expect(ids(again)).toEqual([40, 30, 20, 10, 5]);
    expect(again.rows[1]?.unread).toBe(2);
    expect(again.next).toBe("c");
  });

  it("everything is read anew when rows may be missing between", () => {
    const list = rows.replaced([row(30), row(20)], "c");
    const again = rows.refreshed(list, [row(60), row(50)], "d");
    expect(ids(again)).toEqual([60, 50]);
    expect(again.next).toBe("d");
  });
});
