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
  /** What was told while a page was under way, which may have been read before that. */
  let told: [T, boolean][] | null = null;

  async function load(before: string | null, merge: (page: Page<T>) => T[]): Promise<void> {
    turn += 1;
    const mine = turn;
    const meanwhile: [T, boolean][] = [];
    told = meanwhile;
    try {
      const page = await fetch(before);
      if (mine !== turn) return;
      Object.assign(state, { rows: merge(page), next: page.next, failed: "" });
      for (const [row, fits] of meanwhile) show(row, fits);
    } catch (error) {
      if (mine === turn) state.failed = error instanceof ApiError ? error.message : String(error);
    } finally {
      if (mine === turn) {
        told = null;
        Object.assign(state, { loading: false, more: false });
      }
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

  /** Changes a row in its place, where it stays though it may fit no more; a new one that fits comes first. */
  function put(row: T, fits: boolean): void {
    told?.push([row, fits]);
    show(row, fits);
  }

  function show(row: T, fits: boolean): void {
    if (fits || state.rows.some((one) => one.id === row.id)) state.rows = withRow(state.rows, row);
  }

  return { state, start, further, put };
}
