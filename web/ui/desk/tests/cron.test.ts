import { describe, expect, it } from "vitest";

import { fromCron, toCron, WEEKDAYS, type Picked } from "../logic/cron";

describe("what is picked", () => {
  it.each<[Picked, string]>([
    [{ every: "day", time: "09:00" }, "0 9 * * *"],
    [{ every: "week", time: "18:30", weekdays: ["fri", "mon"] }, "30 18 * * mon,fri"],
    [{ every: "month", time: "00:15", day: 1 }, "15 0 1 * *"],
  ])("%o is %s and back", (picked, line) => {
    expect(toCron(picked)).toBe(line);
    const back = fromCron(line);
    expect(back && toCron(back)).toBe(line);
  });

  it("comes back the same for every day and quarter of an hour", () => {
    for (const day of WEEKDAYS)
      for (let quarter = 0; quarter < 96; quarter += 1) {
        const time = `${String(Math.floor(quarter / 4)).padStart(2, "0")}:${String((quarter % 4) * 15).padStart(2, "0")}`;
        expect(fromCron(toCron({ every: "week", time, weekdays: [day] }))).toEqual({ every: "week", time, weekdays: [day] });
      }
  });
});

describe("a line", () => {
  it("may name a range of days", () => {
    expect(fromCron("0 9 * * MON-FRI")).toEqual({ every: "week", time: "09:00", weekdays: ["mon", "tue", "wed", "thu", "fri"] });
  });
  it.each(["*/5 * * * *", "0 9 1 1 *", "0 9 1 * mon", "0 9 * * 1", "0 25 * * *", "0 9 32 * *", "0 9 0 * *", "0 9 * *", "0 9 * * fri-mon", ""])(
    "%s says more than the picker can show",
    (line) => expect(fromCron(line)).toBeNull(),
  );
});
