import { expect, it } from "vitest";

import type { OrderRow, Page } from "../api/types";
import { usePages, type Pager } from "../state/pages";
import { order } from "./make";

type Asked = { pages: Pager<OrderRow>; answer: (items: OrderRow[], next?: string) => Promise<void> };

/** Pages that are answered when a test says so: rows can change between a question and its answer. */
function asked(): Asked {
  const open: ((page: Page<OrderRow>) => void)[] = [];
  const pages = usePages<OrderRow>(() => new Promise((done) => open.push(done)));
  return {
    pages,
    answer: async (items, next) => {
      open.pop()?.({ items, next: next ?? null });
      await new Promise((done) => setTimeout(done));
    },
  };
}

const shown = (pages: Pager<OrderRow>): string[] => pages.state.rows.map((one) => `${one.id} ${one.state}`);

it("keeps what changed while a page was fetched, in its place, and what is new if it fits", async () => {
  const { pages, answer } = asked();
  void pages.start();
  pages.put(order(2, { state: "shipped" }), false);
  pages.put(order(9), true);
  pages.put(order(8, { state: "placed" }), false);
  await answer([order(3), order(2)], "more");
  expect(shown(pages)).toEqual(["9 paid", "3 paid", "2 shipped"]);
  void pages.further();
  pages.put(order(1, { state: "shipped" }), false);
  await answer([order(1)]);
  expect(shown(pages)).toEqual(["9 paid", "3 paid", "2 shipped", "1 shipped"]);
});

it("takes the answer when it was asked for after the change", async () => {
  const { pages, answer } = asked();
  void pages.start();
  pages.put(order(2), true);
  void pages.start();
  await answer([order(2, { state: "shipped" })]);
  expect(shown(pages)).toEqual(["2 shipped"]);
});
