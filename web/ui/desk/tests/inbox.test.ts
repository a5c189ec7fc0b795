// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest";

import type { Counts, Row } from "../api/types";
import type { Events } from "../state/live";
import { minute, row } from "./make";
import { TestServer } from "./server";

/** The socket is the edge: its events are given by hand. */
const socket = vi.hoisted(() => ({ listeners: new Map<string, (data: unknown) => void>() }));
vi.mock("../state/live", () => ({
  on: (name: string, listener: (data: unknown) => void) => socket.listeners.set(name, listener),
  onReturn: () => undefined,
  view: () => undefined,
}));

function tell<Name extends keyof Events>(name: Name, data: Parameters<Events[Name]>[0]): void {
  socket.listeners.get(name)?.(data);
}

const inbox = await import("../state/inbox");

type Page = { items: Row[]; next: string | null; counts: Counts };

/** Questions that are answered when a test says so: rows can change between a question and its answer. */
let open: ((page: Page) => void)[] = [];

beforeEach(() => {
  open = [];
  new TestServer().on("GET /api/desk/conversations", () => new Promise<Page>((done) => open.push(done)));
});

async function asked(question: () => Promise<void>, meanwhile: () => void, items: Row[], next: string | null = null): Promise<string[]> {
  const done = question();
  await vi.waitFor(() => expect(open).toHaveLength(1));
  meanwhile();
  open.pop()?.({ items, next, counts: { mine: 1, waiting: 1 } });
  await done;
  return inbox.shown.value.map((one) => `${one.id} ${one.last_text}`);
}

const changes = (...rows: Row[]) => () => rows.forEach((one) => tell("row", one));

for (const [name, question] of [
  ["opened", () => inbox.openList("all", "")],
  ["refreshed", () => inbox.refreshList()],
] as const) {
  it(`keeps what changed while the list was ${name}: its answer may be older`, async () => {
    const early = row(1, { version: 1, last_text: "" });
    const late = row(1, { version: 2, last_text: "Hello", last_at: minute(5) });
    expect(await asked(question, changes(late, row(9)), [early])).toEqual(["9 Hello", "1 Hello"]);
  });

  it(`takes the answer when the list was ${name} after the change`, async () => {
    const early = row(1, { version: 1, last_text: "early" });
    const late = row(1, { version: 2, last_text: "late" });
    expect(await asked(question, changes(early), [late])).toEqual(["1 late"]);
  });
}

it("keeps what changed while a later page was fetched", async () => {
  await asked(() => inbox.openList("all", ""), changes(), [row(9), row(8)], "more");
  const [early, late] = [row(3, { version: 1, last_text: "early" }), row(3, { version: 2, last_text: "late" })];
  expect(await asked(() => inbox.nextPage(), changes(late), [early])).toEqual(["9 Hello", "8 Hello", "3 late"]);
});

it("counts as it was told last", async () => {
  await asked(() => inbox.openList("all", ""), () => tell("counts", { mine: 2 }), []);
  expect(inbox.inbox.counts).toEqual({ mine: 2, waiting: 1 });
});
