import { describe, expect, it } from "vitest";
import { compose } from "../outbox";
import { entries, group, starButtons } from "../thread";
import { button, message } from "./messages";

const menu = [button("Browse", "browse"), button("My orders", "orders"), button("Ｈelp", "help")];
const ask = message(1, { buttons: menu });
const customer = (seq: number, text: string) => message(seq, { author: "customer", id: `c${seq}`, text });

describe("what a button means now", () => {
  const answerOf = (...rest: ReturnType<typeof message>[]) => entries([ask, ...rest], [])[0]?.answer;

  it("is open until the customer says something", () => {
    expect(answerOf()).toBeNull();
    expect(answerOf(message(2))).toBeNull();
  });

  it("is the label, the number or the tap that the customer answered with", () => {
    expect(answerOf(customer(2, "My orders"))).toBe("My orders");
    expect(answerOf(customer(2, " my ORDERS "))).toBe("My orders");
    expect(answerOf(customer(2, "2"))).toBe("My orders");
    expect(answerOf(customer(2, "②"))).toBe("My orders");
    expect(answerOf(customer(2, "help"))).toBe("Ｈelp");
    expect(entries([ask], [compose("x", 0, "whatever", "browse")])[0]?.answer).toBe("Browse");
  });

  it("is stale when the customer said something else", () => {
    expect(answerOf(customer(2, "Where are you?"))).toBe("");
    expect(answerOf(customer(2, "9"))).toBe("");
  });

  it("is decided by the first answer, not by a later one", () => {
    expect(answerOf(customer(2, "Browse"), message(3), customer(4, "My orders"))).toBe("Browse");
  });
});

describe("groups", () => {
  it("are by author, person and minute, with a day line for each day", () => {
    const at = (time: string) => new Date(time).toISOString();
    const list = [
      message(1, { at: at("2026-01-05T09:00:10") }),
      message(2, { at: at("2026-01-05T09:00:50") }),
      message(3, { at: at("2026-01-05T09:01:00") }),
      message(4, { at: at("2026-01-05T09:01:10"), author: "staff", name: "Mei" }),
      message(5, { at: at("2026-01-05T09:01:20"), author: "staff", name: "Bo" }),
      message(6, { at: at("2026-01-06T09:01:30"), author: "customer", id: "a" }),
    ];
    const groups = group(entries(list, []));
    expect(groups.map((one) => one.entries.map((entry) => entry.message.seq))).toEqual([[1, 2], [3], [4], [5], [6]]);
    expect(groups.map((one) => one.day !== null)).toEqual([true, false, false, false, true]);
    expect(groups.map((one) => one.name)).toEqual(["", "", "Mei", "Bo", ""]);
  });

  it("put what is not sent yet at the end, under the key that it keeps", () => {
    const before = entries([message(1)], [compose("id-1", 0, "hi")]);
    const after = entries([message(1), message(2, { author: "customer", id: "id-1", text: "hi" })], []);
    expect(before.map((one) => one.key)).toEqual(after.map((one) => one.key));
  });
});

describe("stars", () => {
  it.each([
    ["1 ★", "2 ★", "3 ★", "4 ★", "5 ★"],
    ["★", "★★", "★★★", "★★★★", "★★★★★"],
    ["1 星", "2 星", "3 星", "4 星", "5 星"],
    ["5 stars", "4 stars", "3 stars", "2 stars", "1 star"],
  ])("are found in %s …", (...labels) => {
    const { stars, others } = starButtons([...labels.map((label) => button(label, `rate:${label}`)), button("Skip", "skip")]);
    expect(stars.map((one) => one.value)).toEqual([1, 2, 3, 4, 5]);
    expect(stars[4]?.button.label).toBe(labels.find((label) => label.includes("5") || label === "★★★★★"));
    expect(others.map((one) => one.label)).toEqual(["Skip"]);
  });

  it("are chips when they do not count up from one", () => {
    const { stars, others } = starButtons([button("2 boxes", "a"), button("5 boxes", "b")]);
    expect(stars).toEqual([]);
    expect(others).toHaveLength(2);
  });
});
