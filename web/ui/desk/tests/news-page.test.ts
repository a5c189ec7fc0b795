// @vitest-environment happy-dom
import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { Broadcast } from "../api/types";
import { speak } from "../i18n/words";
import NewsPage from "../pages/NewsPage.vue";
import { minute } from "./make";
import { TestServer } from "./server";

const NONE = { planned: 0, waiting: 0, sent: 0, delivered: 0, read: 0, failed: 0, unsubscribed: 0 };
const news = (given: Partial<Broadcast>): Broadcast => ({
  id: 1, text: "New tea", picture: null, label: "", command: "", accounts: [], language: "", bought: "", state: "done",
  send_at: minute(0), created_at: minute(0), ended_at: null, staff: "Mei", counts: NONE, ...given,
});

/** The page, what it has asked for, and how the server answers. */
function page(answer: () => unknown) {
  let asked = 0;
  new TestServer().on("GET /api/desk/broadcasts", () => {
    asked += 1;
    return answer();
  });
  const shown = mount(NewsPage, { global: { stubs: { NewsForm: true } } });
  const after = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms);
    await flushPromises();
    return asked;
  };
  return { shown, after };
}
const listed = (...items: Broadcast[]) => ({ items, choices: { accounts: [], languages: [], commands: [] } });

beforeEach(() => {
  speak("en");
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

it("looks again soon while news are on their way, and seldom when none are", async () => {
  let now = news({ state: "running" });
  const { shown, after } = page(() => listed(now));
  expect([await after(0), await after(5000), await after(5000)]).toEqual([1, 2, 3]);
  const ended = Date.now();
  now = news({ ended_at: new Date(ended).toISOString() });
  expect([await after(5000), await after(5000)]).toEqual([4, 5]);
  now = news({ ended_at: new Date(ended - 600_000).toISOString() });
  expect([await after(5000), await after(50_000), await after(10_000)]).toEqual([6, 6, 7]);
  shown.unmount();
  expect(await after(120_000)).toBe(7);
});

it("does not ask again before it was answered", async () => {
  let open: (found: unknown) => void = () => undefined;
  const { shown, after } = page(() => new Promise((resolve) => (open = resolve)));
  expect([await after(0), await after(30_000)]).toEqual([1, 1]);
  open(listed(news({ state: "done", counts: { ...NONE, waiting: 1 } })));
  expect([await after(0), await after(5000)]).toEqual([1, 2]);
  shown.unmount();
});
