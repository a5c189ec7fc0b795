// @vitest-environment happy-dom
import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { ElInputNumber } from "element-plus";
import { afterEach, beforeEach, expect, it } from "vitest";

import type { Order } from "../api/types";
import StepDialog from "../components/StepDialog.vue";
import { speak } from "../i18n/words";
import { order as row } from "./make";
import { Refusal, TestServer } from "./server";

const money = (amount: number) => ({ amount, currency: "CNY", text: `¥${amount / 100}.00` });
const left = (tea: number) => [
  { line: 3, sku: "tea", name: "Tea", quantity: tea, price: money(3400) },
  { line: 4, sku: "cup", name: "Cup", quantity: 1, price: money(1000) },
];
const order = (given: Partial<Order>): Order => ({
  ...row(7, { steps: [{ name: "ship", role: "agent", why: false }, { name: "cancel_part", role: "manager", why: true }] }),
  phone: "", address: "", parts: null, country: "", note: "", notes: [], version: 5, events: [], charges: [], payments: [], parcels: [], left: left(2),
  cost: { goods: 7800, off: 780, shipping: 1200, rates: [10_000], kept: 7800 }, ...given,
});

let shown: VueWrapper | null = null;
beforeEach(() => speak("en"));
afterEach(() => {
  shown?.unmount();
  shown = null;
  document.body.innerHTML = "";
});

/** The dialog of a step, and what it sent; the order is `now` whenever it is looked at. */
async function opened(step: "ship" | "cancel_part", now: Partial<Order>[], answers: unknown[]): Promise<Record<string, unknown>[]> {
  const sent: Record<string, unknown>[] = [];
  new TestServer()
    .on("GET /api/desk/orders/7", () => order(now.length > 1 ? now.shift()! : now[0]!))
    .on(`POST /api/desk/orders/7/${step}`, (wanted) => {
      sent.push(wanted as Record<string, unknown>);
      return answers.shift();
    });
  shown = mount(StepDialog, { props: { modelValue: true, order: order({}), step }, attachTo: document.body });
  await flushPromises();
  return sent;
}

const counts = () => shown!.findAllComponents(ElInputNumber);
const button = () => document.body.querySelector<HTMLButtonElement>("[type=submit]")!;
async function submits(): Promise<void> {
  document.body.querySelector("form")!.dispatchEvent(new Event("submit", { cancelable: true }));
  await flushPromises();
}

it("ships all that is left with one click, or the pieces that were chosen", async () => {
  const sent = await opened("ship", [{ state: "packed" }], [
    new Refusal(409, { code: "overtaken", text: "Look again." }),
    { order: order({ state: "partly_shipped" }) },
  ]);
  expect(counts().map((one) => one.props("modelValue"))).toEqual([2, 1]);
  expect(document.body.textContent).not.toContain("stays with the order");
  await submits();
  expect(sent[0]).toMatchObject({ version: 5, pieces: [{ line: 3, quantity: 2 }, { line: 4, quantity: 1 }] });
  counts()[0]!.vm.$emit("update:modelValue", 0);
  await flushPromises();
  expect(document.body.textContent).toContain("stays with the order");
  await submits();
  expect(sent[1]).toMatchObject({ key: sent[0]!["key"], pieces: [{ line: 3, quantity: 0 }, { line: 4, quantity: 1 }] });
  expect(shown!.emitted("changed")).toHaveLength(1);
});

it("says what an order costs that is paid on delivery without the pieces, and gives nothing back", async () => {
  const sent = await opened("cancel_part", [{ state: "partly_shipped", paid_at: null, left: left(1) }], [{ order: order({}) }]);
  counts()[1]!.vm.$emit("update:modelValue", 0);
  await flushPromises();
  expect(document.body.textContent).toContain("costs ¥56.76 then");
  expect(document.body.querySelector("[name=money]")).toBe(null);
  const reason = document.body.querySelector<HTMLInputElement>("[name=note]")!;
  reason.value = "broken";
  reason.dispatchEvent(new Event("input"));
  await flushPromises();
  await submits();
  expect(sent[0]).not.toHaveProperty("keep_money");
});

it("shows what is left by now after a colleague was quicker", async () => {
  await opened("ship", [{ state: "packed" }, { state: "partly_shipped", version: 6, left: left(1) }], [
    new Refusal(409, { code: "overtaken", text: "Look again." }),
  ]);
  await submits();
  expect(counts().map((one) => one.props("max"))).toEqual([1, 1]);
});

it("cancels pieces for a reason, says what goes back, and never takes all of an order that is there whole", async () => {
  const sent = await opened("cancel_part", [{ state: "packed" }], [{ order: order({}) }]);
  const reason = document.body.querySelector<HTMLInputElement>("[name=note]")!;
  reason.value = "broken";
  reason.dispatchEvent(new Event("input"));
  await flushPromises();
  expect([counts().map((one) => one.props("modelValue")), button().disabled]).toEqual([[0, 0], true]);
  counts()[0]!.vm.$emit("update:modelValue", 2);
  counts()[1]!.vm.$emit("update:modelValue", 1);
  await flushPromises();
  expect(button().disabled).toBe(true);
  counts()[1]!.vm.$emit("update:modelValue", 0);
  await flushPromises();
  expect([button().disabled, document.body.textContent?.includes("Give ¥67.32 back")]).toEqual([false, true]);
  await submits();
  expect(sent).toMatchObject([{ note: "broken", pieces: [{ line: 3, quantity: 2 }, { line: 4, quantity: 0 }] }]);
  expect(sent[0]).not.toHaveProperty("keep_money");
});
