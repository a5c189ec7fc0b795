// @vitest-environment happy-dom
import { beforeEach, expect, it } from "vitest";

import type { CannedList } from "../api/types";
import { cannedNow, keepCanned, refreshCanned } from "../state/canned";
import { Refusal, TestServer } from "./server";

const HELLO = { name: "hello", text: "Hello, this is {me}" };
let kept: CannedList;

beforeEach(() => {
  kept = { items: [], version: "" };
  new TestServer()
    .on("GET /api/desk/canned/en", () => kept)
    .on("PUT /api/desk/canned/en", (body) => {
      const wanted = body as CannedList;
      if (wanted.version !== kept.version) return new Refusal(409, { code: "overtaken", text: "Look again." });
      return (kept = { items: wanted.items, version: `${kept.version}+` });
    });
});

it("the team's replies take the place of the first ones, once there are some", async () => {
  expect((await refreshCanned()).map((one) => one.name)).toContain("moment");
  await keepCanned([HELLO, { name: "", text: "half" }]);
  expect(kept.items).toEqual([HELLO]);
  expect(cannedNow()).toEqual([HELLO]);
  await keepCanned([]);
  expect(cannedNow()).toEqual([]);
});

it("a list that a colleague has changed is not written over", async () => {
  await refreshCanned();
  kept = { items: [HELLO], version: "theirs" };
  await expect(keepCanned([])).rejects.toMatchObject({ code: "overtaken" });
  expect(await refreshCanned()).toEqual([HELLO]);
  await keepCanned([]);
  expect(kept.items).toEqual([]);
});
