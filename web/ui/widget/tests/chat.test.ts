import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BREATH, Chat } from "../chat";
import { Keep } from "../keep";
import { unread } from "../state";
import { attachment, session } from "./messages";
import type { Lang } from "../words";
import { Server, settle, SharedStorage } from "./server";

const ADDRESS = "https://shop.example";
let server: Server;
let storage: SharedStorage;
let tabs: number;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 5, 9) });
  server = new Server();
  storage = new SharedStorage();
  tabs = 0;
});
afterEach(() => vi.useRealTimers());

/** A tab of the same browser; a reload is another tab. */
function tab(lang: Lang = "en"): Chat {
  const name = `tab${(tabs += 1)}`;
  let count = 0;
  const keep = new Keep(ADDRESS, storage.shelf({}, (key) => chat.onStorage(keep.slotOf(key))));
  const chat: Chat = new Chat({ connect: server.connect, keep, lang, name: "", newId: () => `${name}-${(count += 1)}`, now: Date.now });
  chat.begin();
  return chat;
}

async function opened(): Promise<Chat> {
  const chat = tab();
  chat.show(true);
  await settle();
  return chat;
}

const line = (index = 0) => server.lines[index]!;
const shown = (chat: Chat): string[] => [...chat.state.timeline.messages, ...chat.state.outbox].map((one) => one.text);
const atServer = (): string[] => server.messages.map((one) => one.text);

describe("a message of the visitor", () => {
  it("is shown at once, then sent, then replaced by the server's copy, never twice", async () => {
    const chat = await opened();
    server.deaf = true;
    chat.say("hello");
    expect(chat.state.outbox.map((one) => one.state)).toEqual(["sending"]);
    await settle();
    expect(chat.state.outbox.map((one) => one.state)).toEqual(["kept"]);
    line().listener.message(server.messages[0]!);
    expect(chat.state.outbox).toEqual([]);
    expect(shown(chat)).toEqual(["hello"]);
  });

  it("written without a connection is sent in order when there is one", async () => {
    const chat = await opened();
    line().down();
    for (const text of ["one", "two", "three"]) chat.say(text);
    await settle();
    expect(chat.state.outbox.map((one) => one.state)).toEqual(["queued", "queued", "queued"]);
    expect(server.received).toEqual([]);
    line().up();
    await settle();
    expect(atServer()).toEqual(["one", "two", "three"]);
    expect(shown(chat)).toEqual(["one", "two", "three"]);
  });

  it("survives a reload, with its id and its place", async () => {
    const before = await opened();
    line().down();
    before.say("first");
    before.say("second");
    const after = tab();
    expect(shown(after)).toEqual(["first", "second"]);
    await settle();
    expect(server.received.map((one) => one.id)).toEqual(["tab1-1", "tab1-2"]);
    expect(atServer()).toEqual(["first", "second"]);
    expect(after.state.outbox).toEqual([]);
  });

  it("whose ack was lost is sent again with the same id and appears once", async () => {
    const chat = await opened();
    server.loseAcks = 1;
    chat.say("once");
    await settle();
    expect(new Set(server.received.map((one) => one.id)).size).toBe(1);
    expect(line().reconnects).toBe(1);
    expect(atServer()).toEqual(["once"]);
    expect(shown(chat)).toEqual(["once"]);
  });

  it("that was refused waits for the visitor and does not hold up the next", async () => {
    const chat = await opened();
    server.refusals = [{ code: "too_long", text: "This is too long." }];
    chat.say("refused");
    chat.say("next");
    await settle();
    expect(atServer()).toEqual(["next"]);
    expect(chat.state.outbox).toMatchObject([{ id: "tab1-1", state: "failed", error: "This is too long." }]);
    chat.retry("tab1-1");
    await settle();
    expect(atServer()).toEqual(["next", "refused"]);
    expect(server.received.map((one) => one.id)).toEqual(["tab1-1", "tab1-2", "tab1-1"]);
    expect(chat.state.outbox).toEqual([]);
  });

  it("that failed can be removed, and stays removed", async () => {
    const chat = await opened();
    server.refusals = [{ code: "bad", text: "" }];
    chat.say("oops");
    await settle();
    chat.remove("tab1-1");
    expect(chat.state.outbox).toEqual([]);
    expect(tab().state.outbox).toEqual([]);
  });

  it("that came too fast is sent again after the pause that the server asks for, before the next one", async () => {
    const chat = await opened();
    server.refusals = [{ code: "rate_limited", text: "Slow down.", retry: 3 }];
    chat.say("fast");
    chat.say("faster");
    await settle();
    expect(atServer()).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_900);
    expect(atServer()).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(atServer()).toEqual(["fast", "faster"]);
  });

  it("carries its files, and a tap carries what the button means", async () => {
    const chat = await opened();
    chat.say("look", [attachment(7), attachment(8)]);
    chat.tap("My orders", "orders");
    await settle();
    expect(server.received).toMatchObject([
      { text: "look", files: [7, 8] },
      { text: "My orders", label: "My orders", data: "orders" },
    ]);
  });

  it("is one message when a button is tapped twice by a nervous finger", async () => {
    const chat = await opened();
    chat.tap("Add", "add:1");
    chat.tap("Add", "add:1");
    vi.advanceTimersByTime(600);
    chat.tap("Add", "add:1");
    await settle();
    expect(server.received).toHaveLength(2);
  });
});

describe("catching up", () => {
  it("asks only for what came after the last message that it has", async () => {
    const chat = await opened();
    server.publish({ text: "a" });
    line().down();
    server.publish({ text: "b" });
    server.publish({ text: "c" });
    line().up();
    await settle();
    expect(server.asked).toEqual(["hello 0", "hello 1"]);
    expect(shown(chat)).toEqual(["a", "b", "c"]);
  });

  it("fetches page after page when much was missed", async () => {
    const chat = await opened();
    server.publish({});
    line().down();
    for (let count = 0; count < 450; count += 1) server.publish({});
    line().up();
    await settle();
    expect(server.asked).toEqual(["hello 0", "hello 1", "after 201", "after 401"]);
    expect(chat.state.timeline.messages).toHaveLength(451);
  });

  it("shows many messages that come at once together, in order", async () => {
    const chat = await opened();
    let redraws = 0;
    chat.watch(() => (redraws += 1));
    for (let count = 1; count <= 1500; count += 1) server.publish({ text: `${count}` });
    expect(shown(chat)).toEqual(["1", "2", "3"]);
    await vi.advanceTimersByTimeAsync(2 * BREATH);
    expect(shown(chat)).toEqual(Array.from({ length: 1500 }, (_, index) => `${index + 1}`));
    expect(redraws).toBe(4);
    expect(server.asked).toEqual(["hello 0"]);
    server.publish({ text: "at once again" });
    expect(shown(chat)).toContain("at once again");
  });

  it("puts nothing that happens later before the messages that came first", async () => {
    const chat = await opened();
    for (let count = 1; count <= 9; count += 1) server.publish({ text: `${count}` });
    line().listener.update({ ...server.messages[8]!, text: "changed" });
    await vi.advanceTimersByTimeAsync(2 * BREATH);
    expect(shown(chat)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "changed"]);
    for (let count = 10; count <= 19; count += 1) server.publish({ text: `${count}` });
    line().down();
    line().up();
    expect(server.asked).toEqual(["hello 0", "hello 19"]);
  });

  it("notices that a message did not arrive and asks for it", async () => {
    const chat = await opened();
    server.publish({ text: "a" });
    server.deaf = true;
    server.publish({ text: "lost" });
    server.deaf = false;
    server.publish({ text: "c" });
    await settle();
    expect(server.asked).toContain("after 1");
    expect(shown(chat)).toEqual(["a", "lost", "c"]);
  });

  it("asks for its own message when the server's copy does not come", async () => {
    const chat = await opened();
    server.deaf = true;
    chat.say("hello");
    await vi.advanceTimersByTimeAsync(3_100);
    expect(shown(chat)).toEqual(["hello"]);
    expect(chat.state.outbox).toEqual([]);
  });

  it("connects at once when the phone wakes, and sees through a connection that only seems alive", async () => {
    const chat = await opened();
    line().down();
    line().reachable = true;
    await chat.wake();
    expect(chat.state.phase).toBe("online");
    line().later = () => Promise.reject(new Error("no answer in time"));
    await chat.wake();
    expect(line().reconnects).toBe(2);
  });

  it("starts afresh when the server does not know the visitor, keeping the words that were not sent", async () => {
    const chat = await opened();
    server.publish({ text: "old" });
    line().down();
    chat.say("still mine");
    chat.tap("Old button", "old");
    server.token = "t2";
    server.messages.length = 0;
    line().up();
    await settle();
    expect(shown(chat)).toEqual(["still mine"]);
    expect(server.received.map((one) => one.data)).toEqual([undefined]);
  });

  it("loads older messages once for each time the reader comes to the top", async () => {
    for (let count = 0; count < 80; count += 1) server.publish({});
    const chat = await opened();
    expect(chat.state.timeline.messages).toHaveLength(50);
    await Promise.all([chat.loadOlder(), chat.loadOlder()]);
    expect(server.asked.filter((one) => one.startsWith("before"))).toEqual(["before 31"]);
    expect(chat.state.timeline.messages).toHaveLength(80);
    await chat.loadOlder();
    expect(server.asked.filter((one) => one.startsWith("before"))).toHaveLength(1);
  });
});

describe("two tabs of one visitor", () => {
  it("show the same, once each, whichever wrote it", async () => {
    const [one, two] = [await opened(), await opened()];
    one.say("from one");
    two.say("from two");
    await settle();
    expect(atServer()).toEqual(["from one", "from two"]);
    expect(shown(one)).toEqual(["from one", "from two"]);
    expect(shown(two)).toEqual(["from one", "from two"]);
    expect(server.received).toHaveLength(2);
  });

  it("show what the other one could not send yet, and send it when it is gone", async () => {
    const one = await opened();
    const two = await opened();
    line(0).down();
    one.say("from a tunnel");
    expect(shown(two)).toEqual(["from a tunnel"]);
    await settle();
    expect(server.received).toEqual([]);
    await vi.advanceTimersByTimeAsync(21_000);
    expect(atServer()).toEqual(["from a tunnel"]);
    line(0).up();
    await settle();
    expect(atServer()).toEqual(["from a tunnel"]);
    expect(shown(one)).toEqual(["from a tunnel"]);
    expect(server.received).toHaveLength(1);
  });

  it("share what was read", async () => {
    const one = await opened();
    const two = tab();
    await settle();
    server.publish({ text: "news" });
    expect([unread(one.state), unread(two.state)]).toEqual([1, 1]);
    one.seen();
    expect([unread(one.state), unread(two.state)]).toEqual([0, 0]);
    expect(line(0).reads).toEqual([1]);
  });

  it("that open a new conversation at the same time end in one", async () => {
    const one = await opened();
    server.token = "t1";
    const two = tab();
    two.show(true);
    line(1).listener.session(session({ token: "another" }));
    await settle();
    expect(two.credential()).toBe(one.credential());
  });
});

describe("the rest", () => {
  it("asks nothing of the server before a new visitor opens the box", async () => {
    const chat = tab();
    await settle();
    expect(server.asked).toEqual([]);
    chat.show(true);
    await settle();
    expect(server.asked).toEqual(["hello 0"]);
    tab();
    expect(server.asked).toHaveLength(2);
  });

  it("shows typing for five seconds, or until the message comes", async () => {
    const chat = await opened();
    line().listener.typing({ who: "staff", name: "Mei" });
    await vi.advanceTimersByTimeAsync(4_900);
    expect(chat.state.typing).toEqual({ who: "staff", name: "Mei" });
    await vi.advanceTimersByTimeAsync(200);
    expect(chat.state.typing).toBeNull();
    line().listener.typing({ who: "bot", name: "" });
    server.publish({});
    expect(chat.state.typing).toBeNull();
  });

  it("tells that the visitor types at most every three seconds", async () => {
    const chat = await opened();
    for (let key = 0; key < 10; key += 1) chat.noteTyping();
    expect(server.asked.filter((one) => one === "typing")).toHaveLength(1);
    vi.advanceTimersByTime(3_001);
    chat.noteTyping();
    expect(server.asked.filter((one) => one === "typing")).toHaveLength(2);
  });

  it("keeps a language that was chosen without a connection, and tells the server later", async () => {
    const chat = await opened();
    line().down();
    chat.setLanguage("zh");
    await settle();
    expect(server.asked).not.toContain("lang zh");
    line().up();
    await settle();
    expect(server.asked).toContain("lang zh");
    expect(chat.state.lang).toBe("zh");
    expect(tab().state.lang).toBe("zh");
  });

  it("speaks the language that the conversation was switched to, until the visitor goes to a page in another", async () => {
    const first = await opened();
    first.say("a conversation that the server remembers");
    await settle();
    server.lang = "zh";
    expect(tab().state.lang).toBe("zh");
    line().down();
    line().up();
    expect(first.state.lang).toBe("zh");
    const other = tab("zh");
    expect(other.state.lang).toBe("zh");
    expect(tab("en").state.lang).toBe("en");
    await settle();
    expect(server.lang).toBe("en");
  });
});
