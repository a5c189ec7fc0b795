/** A table that grows page by page: one current question, answers in order, live rows in place. */
import { shallowReactive } from "vue";

import { ApiError } from "../api/client";
import type { Page } from "../api/types";
import { withRow } from "../logic/list";

export type Pages<T> = { rows: T[]; next: string | null; loading: boolean; more: boolean; failed: string };
export type Pager<T> = {
  state: Pages<T>;
  start: () => Promise<void>;
  further: () => Promise<void>;
  put: (row: T, fits: boolean) => void;
};

/** `fetch` reads its filters itself, so that `start` always asks the present question. */
export function usePages<T extends { id: number }>(fetch: (before: string | null) => Promise<Page<T>>): Pager<T> {
  const state = shallowReactive<Pages<T>>({ rows: [], next: null, loading: true, more: false, failed: "" });
  let turn = 0;

  async function load(before: string | null, merge: (page: Page<T>) => T[]): Promise<void> {
    turn += 1;
    const mine = turn;
    try {
      const page = await fetch(before);
      if (mine === turn) Object.assign(state, { rows: merge(page), next: page.next, failed: "" });
    } catch (error) {
      if (mine === turn) state.failed = error instanceof ApiError ? error.message : String(error);
    } finally {
      if (mine === turn) Object.assign(state, { loading: false, more: false });
    }
  }

  async function start(): Promise<void> {
    state.loading = true;
    await load(null, (page) => page.items);
  }

  async function further(): Promise<void> {
    if (state.next === null || state.loading || state.more) return;
    state.more = true;
    await load(state.next, (page) => [...state.rows, ...page.items]);
  }

  /** Changes a row in its place; a row that no longer fits goes, a new one that fits comes first. */
  function put(row: T, fits: boolean): void {
    state.rows = fits ? withRow(state.rows, row) : state.rows.filter((one) => one.id !== row.id);
  }

  return { state, start, further, put };
}
