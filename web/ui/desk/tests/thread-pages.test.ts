// @vitest-environment happy-dom
import { mount } from "@vue/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick } from "vue";

import type { Message, Opened } from "../api/types";
import type { Events } from "../state/live";
import { message, person, row } from "./make";
import { Refusal, TestServer } from "./server";

/** The socket is the edge: its events are given by hand. */
const socket = vi.hoisted(() => ({ listeners: new Map<string, ((data: unknown) => void)[]>(), back: [] as (() => void)[] }));
vi.mock("../state/live", () => ({
  on: (name: string, listener: (data: unknown) => void) => {
    socket.listeners.set(name, [...(socket.listeners.get(name) ?? []), listener]);
    return () => undefined;
  },
  onReturn: (callback: () => void) => socket.back.push(callback),
  view: () => undefined,
}));

function arrives(one: Message): void {
  stored.push(one);
  const told: Parameters<Events["message"]>[0] = { conversation_id: 1, message: one };
  for (const listener of socket.listeners.get("message") ?? []) listener(told);
}

const { openThread, say, thread } = await import("../state/thread");
const { default: MessageList } = await import("../components/MessageList.vue");
const { earlier, later, latest, openAt, reach, MOST } = await import("../state/threadPages");

const ends = (): [number | undefined, number | undefined, number] => [thread.messages[0]?.seq, thread.messages.at(-1)?.seq, thread.messages.length];
let stored: Message[];
let server: TestServer;

const opened = (): Opened => ({
  row: row(1),
  messages: stored.slice(-50),
  more: true,
  dialog: null,
  can_send: { ok: true, why: "", until: null, left: null, how: "answer" as const, instead: [] },
  contact: person(),
});

beforeEach(async () => {
  stored = Array.from({ length: 2000 }, (_, index) => message(index + 1));
  server = new TestServer()
    .on("GET /api/desk/conversations", () => ({ items: [], next: null, counts: {} }))
    .on("GET /api/desk/conversations/1", opened)
    .on("GET /api/desk/conversations/1/messages", (_, path) => {
      const [, way, seq] = /(after|before)=(\d+)/.exec(path) ?? [];
      if (way === "after") {
        const behind = stored.filter((one) => one.seq > Number(seq));
        return { messages: behind.slice(0, 200), more: behind.length > 200 };
      }
      const before = stored.filter((one) => one.seq < Number(seq));
      return { messages: before.slice(-50), more: before.length > 50 };
    });
  await openThread(1);
});

async function back(pages: number): Promise<void> {
  for (let page = 0; page < pages; page += 1) await earlier();
}

describe("a long thread", () => {
  it("holds no more than it draws, however far back its reader goes", async () => {
    await back(7);
    expect([ends(), thread.newer]).toEqual([[1601, 2000, 400], false]);
    await back(13);
    expect([ends(), thread.newer, thread.more]).toEqual([[951, 1350, MOST], true, true]);
    await back(100);
    expect([ends(), thread.more]).toEqual([[1, 400, MOST], false]);
  });

  it("goes forward again to its end, without a hole", async () => {
    await back(20);
    while (thread.newer) await later();
    expect(ends()).toEqual([1601, 2000, MOST]);
    expect(thread.messages.every((one, at) => one.seq === 1601 + at)).toBe(true);
    expect(thread.more).toBe(true);
  });

  it("does not draw what arrives behind the part that is read, and finds it at the end", async () => {
    await back(20);
    arrives(message(2001));
    expect([ends(), thread.newest]).toEqual([[951, 1350, MOST], 2001]);
    await latest();
    expect([ends(), thread.newer]).toEqual([[1952, 2001, 50], false]);
    arrives(message(2002));
    expect(ends()).toEqual([1952, 2002, 51]);
  });

  it("knows of what came while it jumped to the end", async () => {
    await back(20);
    const jump = latest();
    arrives(message(2001));
    server.on("GET /api/desk/conversations/1/messages", () => ({ messages: stored.slice(-50), more: true }));
    await jump;
    if (thread.newer) await later();
    expect([thread.messages.at(-1)?.seq, thread.newer]).toEqual([2001, false]);
  });

  it("catches up after a lost line without loading all that lies between", async () => {
    await back(20);
    const asked = server.asked.length;
    for (const callback of socket.back) callback();
    await vi.waitFor(() => expect(server.asked.slice(asked)).toContain("GET /api/desk/conversations/1"));
    expect(server.asked.slice(asked).filter((one) => one.includes("after="))).toEqual([]);
  });

  it("settles a reply that was written while reading far back", async () => {
    await back(20);
    server.on("POST /api/desk/conversations/1/messages", (body) => ({ message: message(2001, { author: "staff", id: (body as { id: string }).id }) }));
    await say("hi", [], false);
    expect([thread.outgoing, thread.newest]).toEqual([[], 2001]);
  });
});

describe("a message that was looked for", () => {
  it("is in the middle of what is held, and both ways lead on", async () => {
    await reach(700);
    expect([thread.sought, ...ends()]).toEqual([700, 675, 724, 50]);
    expect([thread.more, thread.newer]).toEqual([true, true]);
    await later();
    await earlier();
    expect(ends()).toEqual([625, 924, 300]);
    await latest();
    expect(ends()).toEqual([1951, 2000, 50]);
  });

  it("is not asked for when it is here", async () => {
    const asked = server.asked.length;
    await reach(1990);
    expect([thread.sought, ...ends(), server.asked.length]).toEqual([1990, 1951, 2000, 50, asked]);
  });

  it("is gone to, whatever else is being fetched", async () => {
    const scrolling = earlier();
    await reach(700);
    await scrolling;
    expect([ends(), thread.fetching]).toEqual([[675, 724, 50], false]);
  });

  it("stays in the middle when what was missed comes after it", async () => {
    const missed: (() => void)[] = [];
    server.on("GET /api/desk/conversations/1/messages", async (_, path) => {
      if (path.includes("before")) return { messages: stored.slice(674, 724), more: true };
      await new Promise<void>((done) => missed.push(done));
      return { messages: stored.slice(2000), more: false };
    });
    stored.push(message(2001));
    for (const callback of socket.back) callback();
    await vi.waitFor(() => expect(missed).toHaveLength(1));
    await reach(700);
    missed[0]?.();
    await vi.waitFor(() => expect(thread.newest).toBe(2001));
    expect([ends(), thread.newer]).toEqual([[675, 724, 50], true]);
  });

  it("is gone to when its conversation is opened, and when that is tried again", async () => {
    server.on("GET /api/desk/conversations/1", () => new Refusal(503, { code: "busy", text: "busy" }));
    await openAt(1, 700);
    expect([thread.failed, thread.sought, thread.messages.length]).toEqual(["busy", 700, 0]);
    server.on("GET /api/desk/conversations/1", opened);
    await openAt(1, thread.sought);
    expect([thread.failed, ...ends()]).toEqual(["", 675, 724, 50]);
  });

  it("is scrolled to once, and not when its reader comes by later", async () => {
    const went = vi.spyOn(Element.prototype, "scrollIntoView").mockImplementation(() => undefined);
    const list = mount(MessageList);
    await openAt(1, 1940);
    await vi.waitFor(() => expect(went.mock.contexts.map((one) => (one as HTMLElement).dataset["seq"])).toEqual(["1940"]));
    await latest();
    await nextTick();
    await earlier();
    await nextTick();
    expect([ends(), list.find("article.sought").attributes("data-seq")]).toEqual([[1901, 2000, 100], "1940"]);
    expect(went).toHaveBeenCalledTimes(1);
    await reach(1940);
    await vi.waitFor(() => expect(went).toHaveBeenCalledTimes(2));
    list.unmount();
  });

  it("is forgotten with the thread", async () => {
    await reach(1990);
    await openThread(1);
    expect(thread.sought).toBeNull();
  });
});
