// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Message, Opened, Owner, Row } from "../api/types";
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

function tell<Name extends keyof Events>(name: Name, data: Parameters<Events[Name]>[0]): void {
  for (const listener of socket.listeners.get(name) ?? []) listener(data);
}

const { session } = await import("../state/session");
const thread = await import("../state/thread");
const { giveBack } = await import("../state/takeover");

const ME: Owner = { id: 7, name: "Mei" };
const TOM: Owner = { id: 8, name: "Tom" };
const staff = { id: 7, login: "mei", name: "Mei", role: "agent" as const, locale: "en", timezone: "UTC", must_change_password: false };
const settled = (): Promise<void> => new Promise((done) => setTimeout(done));
const seqs = (): number[] => thread.thread.messages.map((one) => one.seq);

let server: TestServer;
let stored: Message[];
let owned: Row;

function opened(): Opened {
  const messages = stored.slice(-50);
  return {
    row: owned,
    messages,
    more: stored.length > 50,
    dialog: null,
    can_send: { ok: true, why: "", until: null, left: null, how: "answer" as const, instead: [] },
    contact: person(),
  };
}

beforeEach(async () => {
  stored = [1, 2, 3].map((seq) => message(seq));
  owned = row(1, { owner: ME });
  session.me = { staff, csrf: "", colleagues: [staff], shop: { name: "", color: "" }, limits: { text: 10, files: 1, file_bytes: 1, image_bytes: 1 } };
  server = new TestServer()
    .on("GET /api/desk/conversations", () => ({ items: [], next: null, counts: {} }))
    .on("GET /api/desk/conversations/1", opened)
    .on("GET /api/desk/conversations/1/messages", (_, path) => {
      const after = Number(/after=(\d+)/.exec(path)?.[1] ?? 0);
      const later = stored.filter((one) => one.seq > after);
      return { messages: later.slice(0, 2), more: later.length > 2 };
    });
  await thread.openThread(1);
});

describe("nothing is missed", () => {
  it("a message after a hole brings what lies between, page by page", async () => {
    stored = [1, 2, 3, 4, 5, 6, 7].map((seq) => message(seq));
    tell("message", { conversation_id: 1, message: message(7) });
    expect(seqs()).toEqual([1, 2, 3, 7]);
    await vi.waitFor(() => expect(seqs()).toEqual([1, 2, 3, 4, 5, 6, 7]));
  });

  it("a connection that is back catches up from the last message", async () => {
    stored = [1, 2, 3, 4, 5].map((seq) => message(seq));
    for (const callback of socket.back) callback();
    await vi.waitFor(() => expect(seqs()).toEqual([1, 2, 3, 4, 5]));
    expect(server.asked).toContain("GET /api/desk/conversations/1/messages?after=3");
  });

  it("a message that overtakes the answer of opening is kept", async () => {
    const opening = thread.openThread(1);
    tell("message", { conversation_id: 1, message: message(4) });
    await opening;
    expect(seqs()).toEqual([1, 2, 3, 4]);
  });

  it("a connection that is made while it opens takes nothing away", async () => {
    const answers: ((value: Opened) => void)[] = [];
    server.on("GET /api/desk/conversations/1", () => new Promise<Opened>((done) => answers.push(done)));
    const opening = thread.openThread(1);
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    for (const callback of socket.back) callback();
    const early = opened();
    answers[0]?.(early);
    await opening;
    stored.push(message(4));
    tell("message", { conversation_id: 1, message: message(4) });
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.(early); // was read before the message came
    await settled();
    expect(seqs()).toEqual([1, 2, 3, 4]);
  });

  it("an answer to an earlier opening of the same conversation takes nothing away", async () => {
    const answers: ((value: Opened) => void)[] = [];
    server.on("GET /api/desk/conversations/1", () => new Promise<Opened>((done) => answers.push(done)));
    server.on("GET /api/desk/conversations/2", () => ({ ...opened(), row: row(2), messages: [] }));
    void thread.openThread(1);
    void thread.openThread(2);
    const again = thread.openThread(1);
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    const early = opened();
    answers[1]?.(early);
    await again;
    tell("message", { conversation_id: 1, message: message(4) });
    answers[0]?.(early);
    await settled();
    expect([seqs(), thread.thread.loading]).toEqual([[1, 2, 3, 4], false]);
  });

  it("a connection that is back asks again for what could not be opened", async () => {
    server.on("GET /api/desk/conversations/1", () => new Refusal(503, { code: "busy", text: "The server is busy." }));
    await thread.openThread(1);
    expect([thread.thread.failed, seqs()]).toEqual(["The server is busy.", []]);
    server.on("GET /api/desk/conversations/1", opened);
    for (const callback of socket.back) callback();
    await vi.waitFor(() => expect([thread.thread.failed, seqs()]).toEqual(["", [1, 2, 3]]));
  });

  it("messages of other conversations stay out", () => {
    tell("message", { conversation_id: 2, message: message(9) });
    expect(seqs()).toEqual([1, 2, 3]);
  });

  it("an update changes a known message and never adds one", () => {
    tell("update", { conversation_id: 1, message: message(2, { delivery: "sent" }) });
    tell("update", { conversation_id: 1, message: message(0) });
    expect(thread.thread.messages.map((one) => one.delivery)).toEqual(["", "sent", ""]);
  });
});

it("what is on the screen counts as read, whichever news comes first", async () => {
  server.on("POST /api/desk/conversations/1/read", () => ({ row: row(1, { owner: ME, unread: 0 }) }));
  tell("message", { conversation_id: 1, message: message(4) });
  tell("row", row(1, { owner: ME, unread: 1 }));
  await vi.waitFor(() => expect(thread.thread.row?.unread).toBe(0));
  expect(server.asked.filter((one) => one.endsWith("/read"))).toEqual(["POST /api/desk/conversations/1/read"]);
});

it("whoever logs in next finds nothing of whoever was here before", async () => {
  server.on("POST /api/desk/conversations/1/messages", () => new Refusal(503, { code: "busy", text: "busy" }));
  await thread.say("unsent", [], false);
  const me = session.me;
  session.me = null;
  session.me = me;
  expect(thread.thread.outgoing.map((one) => one.text)).toEqual(["unsent"]);
  session.me = me && { ...me, staff: { ...staff, id: 9 } };
  expect([thread.thread.id, thread.thread.messages.length]).toEqual([null, 0]);
  await thread.openThread(1);
  expect(thread.thread.outgoing).toEqual([]);
});

describe("sending", () => {
  it("is shown at once and settles to one message, however it comes back", async () => {
    server.on("POST /api/desk/conversations/1/messages", (body) => {
      const made = message(4, { author: "staff", id: (body as { id: string }).id });
      tell("message", { conversation_id: 1, message: made });
      return { message: made };
    });
    const sending = thread.say("hi", [], false);
    expect(thread.thread.outgoing.map((one) => [one.text, one.state])).toEqual([["hi", "sending"]]);
    await sending;
    expect(thread.thread.outgoing).toEqual([]);
    expect(seqs()).toEqual([1, 2, 3, 4]);
  });

  it("that failed says why, and tries again with the same id", async () => {
    const ids: string[] = [];
    server.on("POST /api/desk/conversations/1/messages", (body) => {
      ids.push((body as { id: string }).id);
      if (ids.length === 1) return new Refusal(503, { code: "busy", text: "The server is busy." });
      return { message: message(4, { author: "staff", id: ids[1] ?? "" }) };
    });
    await thread.say("hi", [], false);
    const [failed] = thread.thread.outgoing;
    expect([failed?.state, failed?.error]).toEqual(["failed", "The server is busy."]);
    if (failed) await thread.send(failed);
    expect(ids[0]).toBe(ids[1]);
    expect(thread.thread.outgoing).toEqual([]);
  });

  it("keeps an unsent message with its conversation", async () => {
    server.on("POST /api/desk/conversations/1/messages", () => new Refusal(503, { code: "busy", text: "busy" }));
    server.on("GET /api/desk/conversations/2", () => ({ ...opened(), row: row(2), messages: [] }));
    await thread.say("do not lose me", [], false);
    await thread.openThread(2);
    expect(thread.thread.outgoing).toEqual([]);
    await thread.openThread(1);
    expect(thread.thread.outgoing.map((one) => one.text)).toEqual(["do not lose me"]);
    const [kept] = thread.thread.outgoing;
    if (kept) thread.discard(kept);
    expect(thread.thread.outgoing).toEqual([]);
  });
});

describe("who may write", () => {
  it("follows the owner, live", async () => {
    expect([thread.mode.value, thread.mayWrite.value]).toEqual(["mine", true]);
    owned = row(1, { owner: TOM });
    tell("row", owned);
    expect([thread.mode.value, thread.mayWrite.value]).toEqual(["colleague", false]);
    owned = row(1);
    tell("row", owned);
    expect(thread.mode.value).toBe("bot");
    await settled();
  });

  it("is not undone by what was read before", async () => {
    owned = row(1, { owner: ME, version: 3 });
    const early = { ...opened(), row: row(1, { owner: TOM, version: 2 }) };
    tell("row", owned);
    tell("row", early.row);
    expect(thread.mode.value).toBe("mine");
    server.on("GET /api/desk/conversations/1", () => early);
    await thread.refreshFacts();
    expect(thread.mode.value).toBe("mine");
  });

  it("is nobody when the channel refuses", async () => {
    server.on("GET /api/desk/conversations/1", () => ({ ...opened(), can_send: { ok: false, why: "closed", until: null, left: null, how: "" as const, instead: [] } }));
    await thread.openThread(1);
    expect([thread.mode.value, thread.mayWrite.value]).toEqual(["mine", false]);
  });

  it("is whoever answers in the platform's own app, until that time is over or it is given back", async () => {
    const later = (ms: number): string => new Date(Date.now() + ms).toISOString();
    owned = row(1, { elsewhere_until: later(3_600_000), version: 2 });
    tell("row", owned);
    expect([thread.mode.value, thread.mayWrite.value]).toEqual(["elsewhere", false]);
    tell("row", row(1, { elsewhere_until: later(-3_600_000), version: 3 }));
    expect(thread.mode.value).toBe("bot");
    tell("row", { ...owned, version: 4 });
    server.on("POST /api/desk/conversations/1/give", () => ({ row: row(1, { version: 5 }) }));
    await giveBack();
    expect(thread.mode.value).toBe("bot");
  });

  it("an owner here counts more than an answer elsewhere", () => {
    tell("row", row(1, { owner: ME, elsewhere_until: new Date(Date.now() + 3_600_000).toISOString(), version: 2 }));
    expect(thread.mode.value).toBe("mine");
  });

  it("a conflict leaves the conversation with its owner", async () => {
    owned = row(1, { owner: TOM });
    await thread.openThread(1);
    server.on("POST /api/desk/conversations/1/take", (body) =>
      (body as { force?: boolean }).force ? { row: row(1, { owner: ME }) } : new Refusal(409, { code: "taken", text: "Tom has it." }),
    );
    await expect(thread.take()).rejects.toMatchObject({ status: 409, code: "taken", message: "Tom has it." });
    expect(thread.mode.value).toBe("colleague");
    await thread.take(true);
    expect(thread.mode.value).toBe("mine");
  });
});

describe("how much may be sent", () => {
  const counted = (left: number): void => {
    server.on("GET /api/desk/conversations/1", () => ({
      ...opened(),
      can_send: { ok: left > 0, why: left > 0 ? "" : "all sent", until: null, left, how: "answer" as const, instead: [] },
    }));
  };
  const left = (): number | null | undefined => thread.thread.canSend?.left;

  it("is asked for anew after each message of either side", async () => {
    counted(5);
    tell("message", { conversation_id: 1, message: message(4) });
    await vi.waitFor(() => expect(left()).toBe(5), 2000);
    counted(4);
    tell("message", { conversation_id: 1, message: message(5, { author: "staff" }) });
    await vi.waitFor(() => expect(left()).toBe(4), 2000);
  });

  it("is asked for anew when one has left, and not when it is read", async () => {
    stored.push(message(4, { author: "staff", delivery: "queued" }));
    await thread.openThread(1);
    counted(1);
    tell("update", { conversation_id: 1, message: message(4, { author: "staff", delivery: "sent" }) });
    await vi.waitFor(() => expect(left()).toBe(1), 2000);
    const asked = server.asked.length;
    tell("update", { conversation_id: 1, message: message(4, { author: "staff", delivery: "read" }) });
    await new Promise((done) => setTimeout(done, 600));
    expect(server.asked).toHaveLength(asked);
  });

  it("is asked for anew when the server refuses, and shuts the composer", async () => {
    server.on("POST /api/desk/conversations/1/messages", () => new Refusal(409, { code: "quota_used", text: "all sent" }));
    counted(0);
    await thread.say("one more", [], false);
    await vi.waitFor(() => expect([thread.mayWrite.value, thread.thread.canSend?.why]).toEqual([false, "all sent"]), 2000);
    expect(thread.thread.outgoing.map((one) => one.error)).toEqual(["all sent"]);
  });
});

describe("company", () => {
  it("shows who else looks, and not oneself", () => {
    tell("viewers", { conversation_id: 1, staff: [ME, TOM] });
    expect(thread.others.value).toEqual([TOM]);
  });

  it("does not tell staff that they type themselves", () => {
    tell("typing", { conversation_id: 1, who: "staff" });
    expect(thread.thread.typing).toBe("");
  });

  it("shows typing until the message is there", () => {
    tell("typing", { conversation_id: 1, who: "customer" });
    expect(thread.thread.typing).toBe("Customer 1");
    tell("message", { conversation_id: 1, message: message(4) });
    expect(thread.thread.typing).toBe("");
  });
});
