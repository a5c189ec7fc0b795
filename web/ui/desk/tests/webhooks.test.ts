// @vitest-environment happy-dom
import { flushPromises, mount } from "@vue/test-utils";
import { beforeEach, expect, it } from "vitest";

import type { Webhook, WebhookDelivery } from "../api/types";
import WebhookItem from "../components/WebhookItem.vue";
import WebhookLog from "../components/WebhookLog.vue";
import { speak } from "../i18n/words";
import { toggled } from "../logic/webhooks";
import { minute } from "./make";
import { TestServer } from "./server";

const webhook = (given: Partial<Webhook>): Webhook => ({
  id: 1, url: "https://a.example/in", events: ["order.*"], state: "active", reason: "", failing_since: null,
  both_until: null, waiting: 0, failed: 0, created_at: minute(0), ...given,
});
const delivery = (given: Partial<WebhookDelivery>): WebhookDelivery => ({
  id: 7, key: "msg_1", name: "order.paid", subject: "order:1", state: "failed", attempts: 11, due_at: minute(0), status: null,
  error: "timeout", answer: "", took_ms: 15000, tried_at: minute(0), at: minute(0), body: '{"type":"order.paid"}', ...given,
});

beforeEach(() => speak("en"));

it.each([
  [[], "order.paid", ["order.paid"]],
  [["order.paid"], "order.paid", []],
  [["order.paid", "review.accepted"], "order.*", ["review.accepted", "order.*"]],
  [["order.*"], "order.*", []],
])("%j with %s is %j", (before, wanted, after) => {
  expect(toggled(before, wanted)).toEqual(after);
});

it.each([
  [webhook({ state: "gone" }), "Resume", "410"],
  [webhook({ state: "paused", reason: "failing" }), "Resume", "for days"],
  [webhook({ state: "paused", reason: "staff" }), "Resume", ""],
  [webhook({ failing_since: minute(0) }), "Pause", "No call went well since"],
  [webhook({}), "Pause", ""],
])("says how it stands", (given, button, words) => {
  const shown = mount(WebhookItem, { props: { webhook: given, names: [] }, global: { stubs: { WebhookForm: true } } });
  expect(shown.findAll("button").map((one) => one.text())).toContain(button);
  expect(shown.find(".trouble").exists()).toBe(words !== "");
  if (words) expect(shown.find(".trouble").text()).toContain(words);
});

it("shows why it failed, and replays one", async () => {
  const asked: unknown[] = [];
  new TestServer()
    .on("GET /api/desk/webhooks/1/log", () => ({ items: [delivery({}), delivery({ id: 6, status: 500, error: "" })], next: null }))
    .on("POST /api/desk/webhooks/1/replay", (body: unknown) => {
      asked.push(body);
      return { count: 1 };
    });
  const shown = mount(WebhookLog, { props: { id: 1 }, global: { stubs: { PageEnd: true } } });
  await flushPromises();
  const [first, second] = shown.findAll("li");
  expect(first?.text()).toContain("no answer in time");
  expect(second?.text()).toContain("HTTP 500");
  const [details, replay] = first?.findAll("button") ?? [];
  await details?.trigger("click");
  expect(first?.text()).toContain("msg_1");
  await replay?.trigger("click");
  await flushPromises();
  expect(asked).toEqual([{ delivery: 7 }]);
  expect(shown.emitted("replayed")).toHaveLength(1);
});
