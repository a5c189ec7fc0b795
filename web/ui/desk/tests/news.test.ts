// @vitest-environment happy-dom
import { flushPromises, mount } from "@vue/test-utils";
import { ElMessageBox } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Broadcast, NewsPreview } from "../api/types";
import NewsCard from "../components/NewsCard.vue";
import NewsForm from "../components/NewsForm.vue";
import { speak } from "../i18n/words";
import { minute } from "./make";
import { Refusal, TestServer } from "./server";

const NONE = { planned: 0, waiting: 0, sent: 0, delivered: 0, read: 0, failed: 0, unsubscribed: 0 };
const news = (given: Partial<Broadcast> = {}): Broadcast => ({
  id: 1, text: "New tea", picture: null, label: "", command: "", accounts: [], language: "", bought: "", state: "running",
  send_at: minute(0), created_at: minute(0), ended_at: null, staff: "Mei", counts: NONE, ...given,
});
const card = (given: Partial<Broadcast> = {}) => mount(NewsCard, { props: { news: news(given), channels: { tg2: "telegram" } } });
const asked: unknown[] = [];

beforeEach(() => speak("en"));
afterEach(() => {
  asked.length = 0;
  vi.restoreAllMocks();
});

describe("news that were sent", () => {
  it("tell to whom, and what became of them, without what did not happen", () => {
    const shown = card({ accounts: ["tg2"], language: "zh", bought: "yes", counts: { ...NONE, planned: 3, sent: 2, unsubscribed: 1 } });
    expect(shown.text()).toContain("Telegram · 中文 · who have bought");
    expect(shown.findAll(".counts div").map((one) => one.text())).toEqual(["recipients3", "sent2", "said stop since1"]);
  });

  it("can be stopped until everybody has them", () => {
    const stoppable = (given: Partial<Broadcast>) => card(given).find("button").exists();
    expect([stoppable({}), stoppable({ state: "scheduled" }), stoppable({ state: "stopped" }), stoppable({ state: "done" })]).toEqual([true, true, false, false]);
    expect(stoppable({ state: "done", counts: { ...NONE, waiting: 1 } })).toBe(true);
  });

  it("are stopped after a question", async () => {
    const server = new TestServer().on("POST /api/desk/broadcasts/1/stop", () => ({ broadcast: news({ state: "stopped" }) }));
    vi.spyOn(ElMessageBox, "confirm").mockResolvedValue("confirm" as never);
    const shown = card();
    await shown.get("button").trigger("click");
    await flushPromises();
    expect(server.asked).toEqual(["POST /api/desk/broadcasts/1/stop"]);
    expect(shown.emitted("changed")?.[0]?.[0]).toMatchObject({ state: "stopped" });
  });
});

describe("news that are written", () => {
  const found: NewsPreview = { all: 5, now: 2, template: 0, later: 1, not: [{ code: "unwanted", text: "No yes.", count: 2 }], more: false };
  const choices = { accounts: [{ account: "tg2", channel: "telegram" }], languages: ["en", "zh"], commands: [{ name: "shop", title: "Browse" }] };
  const form = async (answer: () => unknown = () => found, sent: () => unknown = () => ({ broadcast: news() })) => {
    new TestServer()
      .on("POST /api/desk/broadcasts/preview", answer)
      .on("POST /api/desk/broadcasts", (body) => {
        asked.push(body);
        return sent();
      });
    const shown = mount(NewsForm, { props: { choices }, global: { stubs: { ElDatePicker: true } } });
    await flushPromises();
    return shown;
  };

  it("show how many they reach, and why not the others", async () => {
    const lines = (await form()).findAll("[role=status] li").map((one) => one.text());
    expect(lines).toEqual(["2 get it at once", "1 when their quiet hours end", "2 No yes."]);
  });

  it("are sent after a question that tells the number", async () => {
    const confirm = vi.spyOn(ElMessageBox, "confirm").mockResolvedValue("confirm" as never);
    const shown = await form();
    expect(shown.get("[type=submit]").attributes("disabled")).toBeDefined();
    await shown.get("textarea").setValue("New tea");
    await shown.get("form").trigger("submit");
    await flushPromises();
    expect(confirm.mock.calls[0]?.[0]).toBe("This goes to 3 people. It can be stopped, but not taken back.");
    expect(asked).toEqual([{ id: expect.any(String) as string, text: "New tea", label: "", command: "", language: "", bought: "", accounts: [], picture: null, send_at: null }]);
    expect(shown.emitted("sent")).toHaveLength(1);
    expect(shown.get("textarea").element.value).toBe("");
  });

  it("stay when the answer is lost, and are the same news when they are sent again", async () => {
    vi.spyOn(ElMessageBox, "confirm").mockResolvedValue("confirm" as never);
    const answers: unknown[] = [new Refusal(503, { code: "busy", text: "Busy." }), new Refusal(409, { code: "sent_before", text: "Before." })];
    const shown = await form(undefined, () => answers.shift() ?? { broadcast: news() });
    await shown.get("textarea").setValue("New tea");
    for (const left of ["New tea", "New tea", "", ""]) {
      await shown.get("form").trigger("submit");
      await flushPromises();
      expect(shown.get("textarea").element.value).toBe(left);
    }
    const [first, again, changed, next] = asked.map((one) => (one as { id: string }).id);
    expect(again).toBe(first);
    expect(new Set([first, changed, next]).size).toBe(3);
    expect([shown.emitted("unsure")?.length, shown.emitted("sent")?.length]).toEqual([2, 2]);
  });

  it("stay when the answer is no", async () => {
    vi.spyOn(ElMessageBox, "confirm").mockRejectedValue("cancel");
    const shown = await form();
    await shown.get("textarea").setValue("New tea");
    await shown.get("form").trigger("submit");
    await flushPromises();
    expect([asked, shown.get("textarea").element.value]).toEqual([[], "New tea"]);
  });

  it("are not sent while nobody knows whom they reach", async () => {
    const shown = await form(() => new Refusal(403, { code: "forbidden", text: "no" }));
    await shown.get("textarea").setValue("New tea");
    expect(shown.get("[type=submit]").attributes("disabled")).toBeDefined();
  });
});
