/** The conversation list on screen: pages from the API, live rows from the socket, still while the pointer is on it. */
import { computed, reactive, shallowRef } from "vue";

import * as calls from "../api/calls";
import { ApiError } from "../api/client";
import type { Counts, Filter, Row } from "../api/types";
import * as rows from "../logic/rows";
import * as live from "./live";
import { myId, onOtherStaff } from "./session";

type State = { filter: Filter; query: string; loading: boolean; more: boolean; failed: string; counts: Counts };

export const inbox = reactive<State>({ filter: "all", query: "", loading: true, more: false, failed: "", counts: {} });
const list = shallowRef<rows.RowList>(rows.EMPTY);
/** Why the list may not move now. */
const holds = reactive({ pointer: false, scrolled: false });
const held = computed(() => holds.pointer || holds.scrolled);
const currentView = (): rows.View => ({ filter: inbox.filter, query: inbox.query, me: myId.value });

export const shown = computed(() => list.value.rows);
export const above = computed(() => rows.waitingAbove(list.value, currentView()));
export const atEnd = computed(() => list.value.next === null);

let turn = 0;
let abort: AbortController | null = null;
/** What the socket told while a page was under way, which may have been read before that. */
type Told = { rows: Row[]; counts: Counts };
const underWay = new Set<Told>();

/** The first page of a filter or a search; an answer that comes after a newer question is dropped. */
export async function openList(filter: Filter, query: string): Promise<void> {
  if (inbox.filter !== filter || inbox.query !== query) list.value = rows.EMPTY;
  Object.assign(inbox, { filter, query, loading: true, failed: "" });
  await firstPage((items, next) => rows.replaced(items, next, rows.orderOf(inbox)));
}

/** The first page again, merged: nothing that came while the connection was away is missed. */
export async function refreshList(): Promise<void> {
  await firstPage((items, next) => rows.refreshed(list.value, items, next, rows.orderOf(inbox)));
}

async function firstPage(merge: (items: Row[], next: string | null) => rows.RowList): Promise<void> {
  turn += 1;
  const mine = turn;
  abort?.abort();
  abort = new AbortController();
  try {
    const { page, told } = await asked(null, abort.signal);
    if (mine !== turn) return;
    list.value = merge(page.items, page.next);
    told.rows.forEach(show);
    inbox.counts = { ...inbox.counts, ...page.counts, ...told.counts };
    inbox.failed = "";
  } catch (error) {
    if (mine === turn) inbox.failed = error instanceof ApiError ? error.message : "";
  } finally {
    if (mine === turn) inbox.loading = false;
  }
}

async function asked(before: string | null, signal?: AbortSignal): Promise<{ page: calls.ConversationPage; told: Told }> {
  const told: Told = { rows: [], counts: {} };
  underWay.add(told);
  try {
    return { page: await calls.conversations(inbox.filter, inbox.query, before, signal), told };
  } finally {
    underWay.delete(told);
  }
}

export async function nextPage(): Promise<void> {
  const { next } = list.value;
  if (inbox.more || inbox.loading || next === null) return;
  inbox.more = true;
  const mine = turn;
  try {
    const { page, told } = await asked(next);
    if (mine !== turn) return;
    list.value = rows.appended(list.value, page.items, page.next);
    told.rows.forEach(show);
  } catch {
    // The end of the list is reached again by scrolling; the banner says that the server is away.
  } finally {
    inbox.more = false;
  }
}

export function receive(row: Row): void {
  for (const told of underWay) told.rows.push(row);
  show(row);
}

function show(row: Row): void {
  list.value = rows.received(list.value, row, currentView(), held.value);
}

export function hold(reason: keyof typeof holds, on: boolean): void {
  if (holds[reason] === on) return;
  holds[reason] = on;
  if (!held.value) list.value = rows.released(list.value, currentView());
}

/** What the "3 new" pill does. */
export function release(): void {
  holds.pointer = false;
  holds.scrolled = false;
  list.value = rows.released(list.value, currentView());
}

export function rowOf(id: number): Row | undefined {
  return list.value.rows.find((row) => row.id === id) ?? list.value.held.get(id);
}

// Whoever logs in next sees nothing of whoever was here before.
onOtherStaff(forget);

function forget(): void {
  turn += 1;
  list.value = rows.EMPTY;
  Object.assign(inbox, { filter: "all", query: "", loading: true, failed: "", counts: {} });
}

live.on("row", receive);
live.on("counts", (counts) => {
  for (const told of underWay) Object.assign(told.counts, counts);
  inbox.counts = { ...inbox.counts, ...counts };
});
live.onReturn(() => void refreshList());
