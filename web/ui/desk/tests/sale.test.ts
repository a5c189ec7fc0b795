// @vitest-environment happy-dom
import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { ElInputNumber } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Order, Quote, Terms } from "../api/types";
import ChangeDialog from "../components/ChangeDialog.vue";
import GoodsSearch from "../components/GoodsSearch.vue";
import OrderDetail from "../components/OrderDetail.vue";
import { speak } from "../i18n/words";
import { useBasket } from "../state/basket";
import { order as row } from "./make";
import { Refusal, TestServer } from "./server";

/** The socket is the edge: its events are given by hand. */
const socket = vi.hoisted(() => ({ order: [] as ((row: unknown) => void)[] }));
vi.mock("../state/live", () => ({
  on: (name: string, listener: (data: unknown) => void) => {
    if (name === "order") socket.order.push(listener);
    return () => undefined;
  },
}));

const money = (amount: number) => ({ amount, currency: "CNY", text: `¥${amount / 100}.00` });
const quote = (amount: number, name = "Tea"): Quote => ({
  lines: [{ sku: "tea", name, quantity: 1, price: money(amount), subtotal: money(amount) }],
  charges: [], total: money(amount), methods: [], method: "",
});
const order = (given: Partial<Order> = {}): Order => ({
  ...row(7, { state: "placed", paid_at: null, lines: [{ name: "Tea", sku: "tea", quantity: 1, price: money(6800), cancelled: 0 }] }),
  phone: "", address: "1 Tea Lane", parts: null, country: "", note: "", notes: [], version: 1, events: [], charges: [], payments: [], parcels: [], left: [],
  cost: { goods: 6800, off: 0, shipping: 0, rates: [], kept: 6800 }, ...given,
});

let shown: VueWrapper | null = null;
beforeEach(() => {
  vi.useFakeTimers();
  speak("en");
});
afterEach(() => {
  shown?.unmount();
  shown = null;
  document.body.innerHTML = "";
  vi.useRealTimers();
});

const settled = async () => {
  await vi.advanceTimersByTimeAsync(300);
  await flushPromises();
};
const body = () => document.body.textContent ?? "";
const field = (name: string) => document.body.querySelector<HTMLInputElement>(`[name="${name}"]`);

it("is asked for its price again though its terms are the same", async () => {
  const totals = [6800, 9900];
  const asked: Terms[] = [];
  const sale = useBasket(async (terms) => {
    asked.push(terms);
    return quote(totals[asked.length - 1] ?? 0);
  });
  sale.add({ sku: "tea", name: "Tea", price: money(6800), available: 3 });
  await settled();
  Object.assign(sale.basket, { name: "Ann", address: "1 Tea Lane" });
  expect([sale.quote.value?.total.amount, sale.ready.value]).toEqual([6800, true]);
  void sale.refresh();
  expect(sale.ready.value).toBe(false); // nobody agrees to the old one meanwhile
  await settled();
  expect([sale.quote.value?.total.amount, sale.ready.value, asked.length]).toEqual([9900, true, 2]);
});

describe("an order that is changed", () => {
  function opened(now: Partial<Order>, changes: unknown[]): { server: TestServer; sent: Record<string, unknown>[] } {
    const sent: Record<string, unknown>[] = [];
    const totals = [6800, 9900];
    const server = new TestServer()
      .on("GET /api/desk/conversations/1/order", () => ({ addresses: [], countries: ["CN", "DE"], codes: false }))
      .on("GET /api/desk/conversations/1/goods", () => ({ items: [] }))
      .on("GET /api/desk/orders/7", () => order({ version: 2, ...now }))
      .on("POST /api/desk/orders/7/quote", () => quote(totals.shift() ?? 9900, "Old tea"))
      .on("PUT /api/desk/orders/7", (wanted) => {
        sent.push(wanted as Record<string, unknown>);
        return changes.shift();
      });
    shown = mount(ChangeDialog, { props: { modelValue: true, order: order(), conversation: 1 }, attachTo: document.body });
    return { server, sent };
  }

  async function saves(): Promise<void> {
    field("reason")!.value = "she moves";
    field("reason")!.dispatchEvent(new Event("input"));
    await settled();
    document.body.querySelector("form")!.dispatchEvent(new Event("submit", { cancelable: true }));
    await settled();
  }

  it("is taken as it is now, and asked for its price again where that has changed", async () => {
    const { server, sent } = opened({}, [
      new Refusal(409, { code: "total_changed", text: "Look again." }),
      { order: order({ version: 3 }), link: "https://shop.test/order/A-7", told: false, why: "She blocked us." },
    ]);
    await settled();
    expect(body()).toContain("Old tea"); // as the shop calls it
    await saves();
    expect(sent).toMatchObject([{ version: 2, agreed: 6800, country: "" }]);
    expect(body()).toContain("¥99.00");
    await saves();
    expect(sent[1]).toMatchObject({ version: 2, agreed: 9900 });
    expect(body()).toContain("She blocked us.");
    expect(field("link")?.value).toBe("https://shop.test/order/A-7");
    expect(server.asked.filter((one) => one.startsWith("POST")).length).toBe(2);
  });

  it("can lose its code where no other can be used, and keeps its country", async () => {
    const charge = { kind: "discount", name: "TEA10", title: "", rate: "", amount: money(-680), included: false } as const;
    opened({ country: "DE", charges: [charge] }, []);
    await settled();
    expect(field("code")?.value).toBe("TEA10");
    expect(body()).toContain("Germany");
  });

  it("has its address as one text or field by field, and sees which field is wrong", async () => {
    const { server, sent } = opened({ country: "DE", address: "Torstr. 1, 1011 Berlin" }, [
      new Refusal(422, { code: "bad_address", text: "Look at the fields.", fields: { postcode: "1011 is no postcode." } }),
      new Refusal(409, { code: "total_changed", text: "Look again." }),
    ]);
    const names = ["street", "postcode", "city"];
    const fields = names.map((name) => ({ name, label: name, required: true, example: "", options: [] }));
    const parts = { street: "Torstr. 1", postcode: "1011", city: "Berlin" };
    server.on("POST /api/desk/address-form", () => ({ fields, parts }));
    await settled();
    const turns = (text: string) => [...document.body.querySelectorAll("button")].find((one) => one.textContent.includes(text))!.click();
    turns("Field by field");
    await settled();
    expect(names.map((name) => field(name)?.value)).toEqual(Object.values(parts));
    await saves();
    expect(sent[0]).toMatchObject({ address: "", parts });
    expect(body()).toContain("1011 is no postcode.");
    turns("As one text");
    await settled();
    expect(field("address")?.value).toBe("Torstr. 1, 1011, Berlin");
    await saves();
    expect(sent[1]).toMatchObject({ address: "Torstr. 1, 1011, Berlin", parts: null });
  });

  it("has one piece of what was cleared", async () => {
    opened({}, []);
    await settled();
    const pieces = shown!.findComponent(ElInputNumber);
    expect(pieces.props("valueOnClear")).toBe("min");
  });
});

it("can have back what it holds itself, though none is left", async () => {
  const items = ["tea", "cup"].map((sku) => ({ sku, name: sku, price: money(1), available: 0 }));
  new TestServer().on("GET /api/desk/conversations/1/goods", () => ({ items }));
  shown = mount(GoodsSearch, { props: { conversation: 1, own: ["tea"] } });
  await settled();
  expect(shown.findAll("button").map((one) => one.attributes("disabled") !== undefined)).toEqual([false, true]);
});

it("is read anew when something happens to it and its state stays", async () => {
  const states = [order({ address: "1 Tea Lane" }), order({ address: "2 Tea Lane", version: 2 })];
  const server = new TestServer().on("GET /api/desk/orders/7", () => states.shift());
  const stubs = { OrderSteps: true, RouterLink: true };
  shown = mount(OrderDetail, { props: { id: 7, state: "placed" }, global: { stubs } });
  await settled();
  expect(shown.text()).toContain("1 Tea Lane");
  for (const id of [8, 7]) for (const listener of socket.order) listener(row(id));
  await settled();
  expect(shown.text()).toContain("2 Tea Lane");
  expect(server.asked.length).toBe(2);
});
