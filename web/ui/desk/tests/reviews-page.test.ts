// @vitest-environment happy-dom
import { flushPromises, mount } from "@vue/test-utils";
import { beforeEach, expect, it, vi } from "vitest";

import { speak } from "../i18n/words";
import ReviewsPage from "../pages/ReviewsPage.vue";
import type { Events } from "../state/live";
import { review } from "./make";
import { TestServer } from "./server";

const heard: { [name in keyof Events]?: Events[name] } = {};
vi.mock("../state/live", () => ({
  on: <N extends keyof Events>(name: N, callback: Events[N]) => {
    heard[name] = callback;
    return () => undefined;
  },
  onReturn: () => () => undefined,
}));

beforeEach(() => speak("en"));

it("keeps a shop's review when one of ours with the same number changes", async () => {
  new TestServer().on("GET /api/desk/reviews", (_, path) => ({
    items: path.includes("shop") ? [review(7, { text: "Written there", store: "woo", contact_id: null })] : [],
    next: null,
  }));
  const shown = mount(ReviewsPage, { global: { stubs: { RouterLink: true, TimeAgo: true } } });
  await flushPromises();
  shown.getComponent({ name: "ElSegmented" }).vm.$emit("update:modelValue", "shop");
  await flushPromises();
  expect(shown.text()).toContain("Written there");
  heard.review?.(review(7, { text: "Ours" }));
  await flushPromises();
  expect([shown.text().includes("Written there"), shown.text().includes("Ours")]).toEqual([true, false]);
});

it("still follows ours in a list of ours", async () => {
  new TestServer().on("GET /api/desk/reviews", () => ({ items: [review(7, { text: "Ours" })], next: null }));
  const shown = mount(ReviewsPage, { global: { stubs: { RouterLink: true, TimeAgo: true } } });
  await flushPromises();
  heard.review?.(review(7, { text: "Ours, changed", state: "accepted" }));
  await flushPromises();
  expect(shown.text()).toContain("Ours, changed");
});
