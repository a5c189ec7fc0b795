// @vitest-environment happy-dom
import { flushPromises, mount } from "@vue/test-utils";
import { ElMessageBox } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";

import type { CanSend, Consent, Instead, Person } from "../api/types";
import ConsentList from "../components/ConsentList.vue";
import InsteadActions from "../components/InsteadActions.vue";
import ReachLine from "../components/ReachLine.vue";
import { speak } from "../i18n/words";
import { draftOf, keepDraft } from "../state/drafts";
import { session } from "../state/session";
import { mayWrite, thread } from "../state/thread";
import { minute, person, row } from "./make";
import { Refusal, TestServer } from "./server";

const staff = { id: 3, login: "mei", name: "Mei", role: "agent" as const, locale: "en", timezone: "UTC", must_change_password: false };
const other: Instead = { kind: "other", conversation_id: 7, account: "telegram", channel: "telegram" };
const write: Instead = { kind: "write", conversation_id: null, account: "", channel: "" };
const closed = (...instead: Instead[]): CanSend => ({ ok: false, why: "over", until: null, left: null, how: "", instead });
const router = createRouter({
  history: createMemoryHistory(),
  routes: [
    { path: "/", name: "inbox", component: { render: () => null } },
    { path: "/c/:id", name: "conversation", component: { render: () => null } },
  ],
});
const shown = () => mount(InsteadActions, { global: { plugins: [router] } });
const labels = (): string[] => shown().findAll("button").map((one) => one.text());

beforeEach(() => {
  speak("en");
  session.me = { staff, csrf: "", colleagues: [staff], shop: { name: "", color: "" }, limits: { text: 10, files: 1, file_bytes: 1, image_bytes: 1 } };
  Object.assign(thread, { id: 1, row: row(1, { owner: { id: 3, name: "Mei" } }), waits: false });
});
afterEach(() => {
  Object.assign(thread, { id: null, row: null, canSend: null, waits: false });
  vi.restoreAllMocks();
});

describe("what is possible instead", () => {
  it("is offered in the reader's words, and waiting only to whoever has the conversation", () => {
    thread.canSend = closed(other, write);
    expect(labels()).toEqual(["TG Go on in Telegram", "Leave it until they write"]);
    speak("zh");
    expect(labels()).toEqual(["TG 到Telegram继续", "等客户来信再发"]);
    thread.row = row(1);
    expect(labels()).toEqual(["TG 到Telegram继续"]);
  });

  it("is nothing where nothing is", () => {
    thread.canSend = closed();
    expect(labels()).toEqual([]);
  });

  it("lets one write what leaves once the customer writes", async () => {
    thread.canSend = closed(write);
    expect(mayWrite.value).toBe(false);
    await shown().get("button").trigger("click");
    expect([mayWrite.value, mount(ReachLine).text()]).toEqual([true, "Leaves once the customer writes"]);
  });

  it("takes over there and brings the words along", async () => {
    const server = new TestServer().on("POST /api/desk/conversations/7/take", () => ({ row: row(7) }));
    keepDraft(1, { text: "Your tin is ready", note: false });
    thread.canSend = closed(other);
    await shown().get("button").trigger("click");
    await flushPromises();
    expect(server.asked).toEqual(["POST /api/desk/conversations/7/take"]);
    expect([draftOf(1).text, draftOf(7).text]).toEqual(["", "Your tin is ready"]);
    expect(router.currentRoute.value.params["id"]).toBe("7");
  });

  it("stays where it is when a colleague has the other conversation", async () => {
    new TestServer().on("POST /api/desk/conversations/7/take", () => new Refusal(409, { code: "taken", text: "Tom has it" }));
    await router.push("/c/1");
    keepDraft(1, { text: "Your tin", note: false });
    thread.canSend = closed(other);
    await shown().get("button").trigger("click");
    await flushPromises();
    expect([draftOf(1).text, router.currentRoute.value.params["id"]]).toEqual(["Your tin", "1"]);
  });
});

describe("consents", () => {
  const consent = (given: Partial<Consent>): Consent => ({ kind: "news", given: false, way: "", said: "", at: null, ...given });
  const ann = (...consents: Consent[]): Person =>
    person({ identities: [{ id: 5, account: "telegram", channel: "telegram", external_id: "1", name: "Ann", reachable: true, conversation_id: 1, consents }] });
  const list = (...consents: Consent[]) => mount(ConsentList, { props: { person: ann(...consents) } });

  it("tell how and when they were given", () => {
    const words = list(
      consent({ kind: "orders", given: true }),
      consent({ kind: "reminders", way: "word", said: "STOP", at: minute(0) }),
      consent({ given: true, way: "asked", said: "May we?", at: minute(0) }),
    );
    expect(words.findAll("li").map((one) => one.get(".what").text())).toEqual([
      "News of ordersnever asked",
      "Reminderssaid “STOP”, 22 Nov 2026",
      "News of the shopasked, 22 Nov 2026",
    ]);
    expect(words.findAll("input").map((one) => one.element.checked)).toEqual([true, false, true]);
  });

  const asked: unknown[] = [];
  const server = () =>
    new TestServer().on("PUT /api/desk/identities/5/consents", (body) => {
      asked.push(body);
      return ann(consent({ given: true, way: "staff", at: minute(1) }));
    });

  it("are given by staff with the proof, and the list follows the server", async () => {
    server();
    vi.spyOn(ElMessageBox, "prompt").mockResolvedValue({ value: "on the phone", action: "confirm" } as never);
    const shown = list(consent({}));
    await shown.get("input").trigger("click");
    await flushPromises();
    expect(asked.splice(0)).toEqual([{ kind: "news", given: true, why: "on the phone" }]);
    expect(shown.emitted("changed")?.[0]?.[0]).toMatchObject({ id: 1 });
  });

  it("stay when the question for the proof is left", async () => {
    server();
    vi.spyOn(ElMessageBox, "prompt").mockRejectedValue("cancel");
    const shown = list(consent({}));
    await shown.get("input").trigger("click");
    await flushPromises();
    expect([asked, shown.emitted("changed")]).toEqual([[], undefined]);
  });

  it("are taken back without a question", async () => {
    server();
    await list(consent({ given: true, way: "asked", at: minute(0) })).get("input").trigger("click");
    await flushPromises();
    expect(asked.splice(0)).toEqual([{ kind: "news", given: false, why: "" }]);
  });
});
