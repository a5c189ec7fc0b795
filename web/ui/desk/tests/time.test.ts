import { describe, expect, it } from "vitest";

import * as time from "../logic/time";

const NOW = Date.parse("2026-11-22T15:04:00Z"); // Sunday, 23:04 in Shanghai
const words: time.Words = { now: "now", minutes: (n) => `${n} min`, yesterday: "Yesterday" };
const age = (at: string, zone = "UTC", language = "en"): string => time.age(at, NOW, language, zone, words);

describe("age", () => {
  it.each([
    ["2026-11-22T15:03:30Z", "now"],
    ["2026-11-22T15:05:00Z", "now"],
    ["2026-11-22T14:52:00Z", "12 min"],
    ["2026-11-22T09:30:00Z", "09:30"],
    ["2026-11-21T23:00:00Z", "Yesterday"],
    ["2026-11-18T10:00:00Z", "Wed"],
    ["2026-11-03T10:00:00Z", "3 Nov"],
    ["2025-11-03T10:00:00Z", "3 Nov 2025"],
  ])("of %s is %s", (at, text) => expect(age(at)).toBe(text));

  it("counts days in the viewer's zone", () => {
    expect(age("2026-11-21T17:00:00Z", "Asia/Shanghai")).toBe("01:00");
    expect(age("2026-11-21T17:00:00Z", "UTC")).toBe("Yesterday");
  });

  it("speaks Chinese", () => {
    expect(age("2026-11-18T10:00:00Z", "UTC", "zh")).toBe("周三");
    expect(age("2025-11-03T10:00:00Z", "UTC", "zh")).toBe("2025年11月3日");
  });
});

describe("names of days", () => {
  const named = (at: string, language: string): string =>
    time.dayName(at, NOW, language, "UTC", { today: "Today", yesterday: "Yesterday" });
  it("are today, yesterday, then the date", () => {
    expect(named("2026-11-22T00:00:00Z", "en")).toBe("Today");
    expect(named("2026-11-21T23:59:00Z", "en")).toBe("Yesterday");
    expect(named("2026-11-18T10:00:00Z", "zh")).toBe("11月18日星期三");
  });
});

it("the calendar survives a change of the clock", () => {
  // Berlin, 25 October 2026: the day has 25 hours.
  expect(time.daysBetween("2026-10-24T22:30:00Z", Date.parse("2026-10-25T22:30:00Z"), "Europe/Berlin")).toBe(0);
  expect(time.daysBetween("2026-10-24T21:30:00Z", Date.parse("2026-10-25T22:30:00Z"), "Europe/Berlin")).toBe(1);
});

it("a day is written the way it sorts", () => {
  expect(time.dayOf("2026-01-05T23:30:00Z", "Asia/Shanghai")).toBe("2026-01-06");
});

it("an unknown zone becomes UTC instead of an error", () => {
  expect(time.validZone("Mars/Olympus")).toBe("UTC");
  expect(time.clock("2026-11-22T09:05:00Z", "en", "Mars/Olympus")).toBe("09:05");
});

it("midnight is 00:00", () => {
  expect(time.clock("2026-11-22T00:00:00Z", "en", "UTC")).toBe("00:00");
  expect(time.clock("2026-11-22T00:00:00Z", "zh", "UTC")).toBe("00:00");
});

it("a span is its largest whole unit", () => {
  const span = (minutes: number): string =>
    time.span(minutes, { minutes: (n) => `${n}m`, hours: (n) => `${n}h`, days: (n) => `${n}d` });
  expect([span(0), span(59), span(60), span(2879), span(2880)]).toEqual(["0m", "59m", "1h", "47h", "2d"]);
});

it("waiting is never negative", () => {
  expect(time.minutesSince("2026-11-22T15:10:00Z", NOW)).toBe(0);
  expect(time.minutesSince("2026-11-22T14:58:30Z", NOW)).toBe(5);
});
