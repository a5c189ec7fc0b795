// @vitest-environment happy-dom
import { mount } from "@vue/test-utils";
import { beforeEach, expect, it } from "vitest";

import type { Payment } from "../api/types";
import PaymentLine from "../components/PaymentLine.vue";
import { speak } from "../i18n/words";
import { session } from "../state/session";
import { minute } from "./make";

const staff = { id: 3, login: "mei", name: "Mei", role: "manager" as const, locale: "en", timezone: "UTC", must_change_password: false };
const money = { amount: 6800, currency: "CNY", text: "¥68.00" };
const payment = (given: Partial<Payment>): Payment => ({
  id: 1, provider: "cod", reference: "r", amount: money, state: "open", captured: 0, refunded: 0, taken: null, left: null,
  by_hand: true, created_at: minute(1), refunds: [], ...given,
});

beforeEach(() => {
  speak("en");
  session.me = { staff, csrf: "", colleagues: [staff], shop: { name: "", color: "" }, limits: { text: 10, files: 1, file_bytes: 1, image_bytes: 1 } };
});

it.each([
  ["open", "placed", true],
  ["mismatch", "confirmed", true],
  ["paid", "paid", false],
  ["refunded", "confirmed", true],
  ["refunded", "refunded", false],
])("has money received while it is due: %s, order %s", (state, orderState, offered) => {
  const shown = mount(PaymentLine, { props: { payment: payment({ state }), orderState } });
  expect(shown.findAll("button").some((one) => one.text() === "Money received")).toBe(offered);
});
