import { describe, expect, it } from "vitest";

import type { Chart } from "../api/types";
import { channelColor, channelName, initials, markOf } from "../logic/channels";
import { channelRows } from "../logic/channelTable";
import { colorOf, option, type Ink } from "../logic/charts";
import { parts } from "../logic/linkify";
import { bytes, exactly, figure } from "../logic/numbers";
import { stepsOf } from "../logic/orders";
import { timeline, withFiles } from "../logic/timeline";
import { slice, slotsFor } from "../logic/window";
import { message, minute, order, person, review, row } from "./make";

const EN = { language: "en", currency: "CNY" };
const ink: Ink = { text: "#111", quiet: "#666", line: "#ddd", accent: "#2f6f4f", muted: "#bbb", font: "sans-serif" };

describe("figures", () => {
  it("turn minor units into money, by the currency's own digits", () => {
    expect(figure(6800, "money", EN)).toBe("¥68.00");
    expect(figure(1234567, "money", EN)).toBe("¥12,346");
    expect(figure(6800, "money", { language: "en", currency: "JPY" })).toBe("¥6,800");
    expect([exactly(1234567, "CNY", "en"), exactly(6800, "JPY", "zh")]).toEqual(["¥12,345.67", "¥6,800"]);
    expect(figure(1820000, "money", { language: "zh", currency: "CNY", short: true })).toBe("¥1.8万");
  });
  it("write spans, shares and stars", () => {
    expect(figure(45, "seconds", EN)).toBe("45 s");
    expect(figure(600, "seconds", { language: "zh" })).toBe("10 分钟");
    expect(figure(7200, "seconds", EN)).toBe("2.0 h");
    expect(figure(12.34, "percent", EN)).toBe("12.3%");
    expect(figure(4, "stars", EN)).toBe("4.0");
    expect(figure(null, "count", EN)).toBe("–");
  });
  it("say sizes of files", () => {
    expect([bytes(12), bytes(2048), bytes(3 * 1024 * 1024)]).toEqual(["12 B", "2 kB", "3.0 MB"]);
  });
});

describe("web addresses", () => {
  it("are cut out without the sentence's punctuation", () => {
    expect(parts("See https://a.example/b?c=1. Or（http://d.example）。")).toEqual([
      { text: "See ", href: "" },
      { text: "https://a.example/b?c=1", href: "https://a.example/b?c=1" },
      { text: ". Or（", href: "" },
      { text: "http://d.example", href: "http://d.example" },
      { text: "）。", href: "" },
    ]);
  });
  it("are only http and https", () => {
    expect(parts("javascript:alert(1) file:///etc data:text/html,x")).toEqual([
      { text: "javascript:alert(1) file:///etc data:text/html,x", href: "" },
    ]);
  });
  it("and points on the map, behind the sign of a place", () => {
    const map = "https://www.openstreetmap.org/?mlat=31.240000&mlon=-121.490000#map=17/31.240000/-121.490000";
    expect(parts("3rd floor 📍 Hotel, Road 1, 31.240000, -121.490000")).toEqual([
      { text: "3rd floor 📍 Hotel, Road 1, ", href: "" },
      { text: "31.240000, -121.490000", href: map },
    ]);
    expect(parts("📍 31.240000, -121.490000").map((part) => part.href)).toEqual(["", map]);
    expect(parts("31.240000, 121.490000\n📍 Hangzhou").map((part) => part.href)).toEqual([""]);
  });
  it("and points of a map of China where they are on others", () => {
    // The pairs are those of github.com/googollee/eviltransform.
    const pairs = [
      ["31.175304, 121.531542", 31.177428, 121.527211],
      ["22.540796, 113.917176", 22.543847, 113.912316],
      ["39.913345, 116.384047", 39.911954, 116.377817],
      ["48.858400, 2.294500", 48.8584, 2.2945],
    ] as const;
    for (const [said, latitude, longitude] of pairs) {
      const [, link] = parts(`📍 ${said} GCJ-02`);
      expect(link?.text).toBe(`${said} GCJ-02`);
      const [north, east] = (link?.href.split("#map=17/")[1] ?? "").split("/").map(Number);
      expect(north).toBeCloseTo(latitude, 5);
      expect(east).toBeCloseTo(longitude, 5);
    }
  });
  it("lose no letter of the text", () => {
    const text = "a https://x.example, b\nhttps://y.example/(z) 茶 📍 31.240000, 121.490000 c";
    expect(parts(text).map((part) => part.text).join("")).toBe(text);
  });
});

describe("a long list", () => {
  it("draws only what is near the eye", () => {
    const part = slice(100_000, 64, 64 * 50_000, 800);
    expect(part).toEqual({ from: 49_992, to: 50_021, before: 49_992 * 64, total: 6_400_000 });
  });
  it("never gives one element to two rows", () => {
    for (let top = 0; top < 700; top += 1) {
      const { from, to } = slice(1000, 64, top, 801);
      expect(to - from).toBeLessThanOrEqual(slotsFor(801, 64));
    }
  });
  it("is right at both ends and when it is empty", () => {
    expect(slice(100_000, 64, 0, 800)).toEqual({ from: 0, to: 21, before: 0, total: 6_400_000 });
    expect(slice(3, 64, 5000, 800)).toEqual({ from: 3, to: 3, before: 192, total: 192 });
    expect(slice(0, 64, 0, 800)).toEqual({ from: 0, to: 0, before: 0, total: 0 });
  });
});

describe("orders", () => {
  it("offer the steps of their state; refunds only to managers", () => {
    expect(stepsOf(order(1), true)).toEqual(["pack", "cancel", "refund"]);
    expect(stepsOf(order(1), false)).toEqual(["pack", "cancel"]);
  });
  it.each(["cancelled", "packed", "delivered"])("that are %s can be refunded only when money was taken", (state) => {
    const unpaid = order(1, { state, paid_at: null, steps: [{ name: "refund", role: "manager", why: true }] });
    expect(stepsOf(unpaid, true)).toEqual([]);
    expect(stepsOf(unpaid, true, true)).toEqual(["refund"]);
    expect(stepsOf({ ...unpaid, paid_at: "2026-11-23T09:00:00+00:00" }, true)).toEqual(["refund"]);
    expect(stepsOf({ ...unpaid, paid_at: "2026-11-23T09:00:00+00:00" }, true, false)).toEqual([]);
  });
  it("can be cancelled in part where that is not all of it", () => {
    const price = { amount: 100, currency: "CNY", text: "¥1.00" };
    const of = (quantity: number, state: string) =>
      order(1, { state, lines: [{ name: "Tea", sku: "tea", quantity, price, cancelled: 1 }], steps: [{ name: "cancel_part", role: "manager", why: true }] });
    expect(stepsOf(of(3, "packed"), true)).toEqual(["cancel_part"]);
    expect(stepsOf(of(2, "packed"), true)).toEqual([]);
    expect(stepsOf(of(2, "partly_shipped"), true)).toEqual(["cancel_part"]);
    expect(stepsOf(of(3, "packed"), true, false)).toEqual([]);
    expect(stepsOf({ ...of(3, "packed"), paid_at: null }, true)).toEqual(["cancel_part"]);
  });
});

it("a timeline is newest first and ends with the first contact", () => {
  const one = person({ orders: [order(1), order(9)], reviews: [review(5)], conversations: [row(12)] });
  expect(timeline(one).map((moment) => moment.kind)).toEqual(["conversation", "order", "review", "order", "created"]);
});

it("files of new messages join the person's, each once, without those of notes", () => {
  const file = (id: number) => ({ id, kind: "file" as const, name: "", media_type: "", size: 1, state: "stored" as const, width: 0, height: 0, url: "", thumb: "" });
  const known = withFiles(person(), 1, [message(1, { files: [file(5)] })]);
  const now = withFiles(known, 1, [message(2, { files: [file(6), file(5)] }), message(3, { author: "note", files: [file(7)] })]);
  expect(now.files.map((one) => [one.id, one.seq])).toEqual([[5, 2], [6, 2]]);
  expect(withFiles(now, 1, [message(4)])).toBe(now);
});

describe("channels", () => {
  it("have a name and a colour, also unknown ones", () => {
    expect(channelName("wechat", "zh")).toBe("微信");
    expect(markOf("pager")).toEqual({ mark: "PA", color: "#6b736f", en: "pager", zh: "pager" });
  });
  it("keep their colour in charts, whatever they are called there", () => {
    expect(new Set([channelColor("telegram"), channelColor("Telegram"), channelColor(" telegram ")]).size).toBe(1);
    expect(channelColor("微信")).toBe(markOf("wechat").color);
    expect(channelColor("Longjing")).toBeNull();
  });
  it("have colours of their own", () => {
    const names = ["webchat", "telegram", "wechat", "wecom", "qq", "weibo", "messenger", "instagram", "whatsapp", "line", "x", "email"];
    expect(new Set(names.map((name) => markOf(name).color)).size).toBe(names.length);
  });
  it("are read from the server's table, whatever its wrapping", () => {
    const one = { account: "shop", state: "ok", capabilities: { channel: "wechat", buttons: 0, text_limit: 600, reply_window: 172800 } };
    const expected = { account: "shop", channel: "wechat", state: "ok", problem: "", buttons: 0, text: 600, files: true, windowMinutes: 2880 };
    expect(channelRows({ channels: [one] })).toEqual([expected]);
    expect(channelRows([one])).toEqual([expected]);
    expect(channelRows({})).toEqual([]);
  });
  it("give people initials in any script", () => {
    expect([initials("Ann Lee"), initials("王芳"), initials("madonna"), initials(""), initials("欧阳 若兰")]).toEqual(["AL", "王", "M", "?", "欧"]);
  });
});

describe("charts", () => {
  const chart = (given: Partial<Chart> = {}): Chart => ({
    kind: "bar",
    title: "Revenue up 12%",
    x: ["Mon", "Tue"],
    series: [{ name: "This week", values: [1, 2] }],
    unit: "count",
    ...given,
  });
  type Loose = Record<string, Record<string, unknown>>;

  it("begin at zero", () => {
    expect((option(chart(), EN, ink) as Loose)["yAxis"]?.["min"]).toBe(0);
    expect((option(chart({ kind: "hbar" }), EN, ink) as Loose)["xAxis"]?.["min"]).toBe(0);
  });
  it("give long names beside bars a width to break in, and days below columns none, which would hide their neighbours", () => {
    const axis = (of: Chart, at: string): unknown => (option(of, EN, ink) as Loose)[at]?.["axisLabel"];
    expect(axis(chart({ kind: "hbar", x: ["Tea", "Yixing pot of purple clay"] }), "yAxis")).toMatchObject({ width: 140, overflow: "break" });
    expect(axis(chart({ kind: "hbar", x: ["网页聊天"] }), "yAxis")).not.toHaveProperty("width");
    expect(axis(chart(), "xAxis")).not.toHaveProperty("width");
  });
  it("draw their tooltip on the canvas", () => {
    expect((option(chart(), EN, ink) as Loose)["tooltip"]?.["renderMode"]).toBe("richText");
  });
  it("mute the period before and keep channels' colours", () => {
    const two = chart({ series: [{ name: "This week", values: [] }, { name: "Last week", values: [] }] });
    expect([colorOf(two, 0, ink), colorOf(two, 1, ink)]).toEqual([ink.accent, ink.muted]);
    const channels = chart({ series: [{ name: "Telegram", values: [] }, { name: "微信", values: [] }] });
    expect([colorOf(channels, 0, ink), colorOf(channels, 1, ink)]).toEqual([markOf("telegram").color, markOf("wechat").color]);
  });
  it("show many series in as many colours", () => {
    const many = chart({ series: "abcdef".split("").map((name) => ({ name, values: [] })) });
    expect(new Set(many.series.map((_, at) => colorOf(many, at, ink))).size).toBe(6);
  });
});

it("times in tests are ISO with milliseconds, as the server writes them", () => {
  expect(minute(5)).toBe("2026-11-22T09:05:00.000Z");
});
