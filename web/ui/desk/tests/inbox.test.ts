// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest";

import type { Row } from "../api/types";
import { minute, row } from "./make";
import { TestServer } from "./server";

vi.mock("../state/live", () => ({ on: () => () => undefined, onReturn: () => undefined, view: () => undefined }));

const inbox = await import("../state/inbox");

type Page = { items: Row[]; next: null; counts: object };

/** Answers when it is told to, so that rows can change between the question and its answer. */
let answer: ((items: Row[]) => void) | undefined;

beforeEach(() => {
  answer = undefined;
  new TestServer().on("GET /api/desk/conversations", () => new Promise<Page>((done) => (answer = (items) => done({ items, next: null, counts: {} }))));
});

async function asked(question: () => Promise<void>, meanwhile: Row[], items: Row[]): Promise<string[]> {
  const done = question();
  await vi.waitFor(() => expect(answer).toBeDefined());
  for (const one of meanwhile) inbox.receive(one);
  answer?.(items);
  await done;
  return inbox.shown.value.map((one) => `${one.id} ${one.last_text}`);
}

for (const [name, question] of [
  ["opened", () => inbox.openList("all", "")],
  ["refreshed", () => inbox.refreshList()],
] as const) {
  it(`keeps what changed while the list was ${name}: its answer may be older`, async () => {
    const early = row(1, { version: 1, last_text: "" });
    const late = row(1, { version: 2, last_text: "Hello", last_at: minute(5) });
    expect(await asked(question, [late, row(9)], [early])).toEqual(["9 Hello", "1 Hello"]);
  });

  it(`takes the answer when the list was ${name} after the change`, async () => {
    const early = row(1, { version: 1, last_text: "early" });
    const late = row(1, { version: 2, last_text: "late" });
    expect(await asked(question, [early], [late])).toEqual(["1 late"]);
  });
}
