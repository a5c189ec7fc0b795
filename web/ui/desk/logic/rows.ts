/** The conversation list as a value: pages and live rows go in, an ordered list comes out that never moves under the pointer. */
import type { Filter, Row } from "../api/types";

export type RowList = {
  /** What is shown, top to bottom. */
  readonly rows: readonly Row[];
  /** Conversations that would jump to another place or appear, kept back while the list is held. */
  readonly held: ReadonlyMap<number, Row>;
  /** Cursor of the next page; null at the end of the list. */
  readonly next: string | null;
  /** Which of two comes first. */
  readonly by: Order;
};

type Order = (a: Row, b: Row) => number;

export type View = { filter: Filter; query: string; me: number };


/** Of two copies of a row the later one, whichever was told last. */
export function later(known: Row | null | undefined, told: Row): Row {
  return known && known.version > told.version ? known : told;
}

/** Newest first; equal times by id, so that the order is total. */
export function compare(a: Row, b: Row): number {
  if (a.last_at !== b.last_at) return a.last_at < b.last_at ? 1 : -1;
  return b.id - a.id;
}

/** Who has waited longest comes first; whoever waits no more is about to go. */
export function longest(a: Row, b: Row): number {
  const [one, other] = [a.waiting_since ?? "", b.waiting_since ?? ""];
  if (one !== other) return one < other ? -1 : 1;
  return a.id - b.id;
}

export const orderOf = (view: Pick<View, "filter" | "query">): Order => (view.filter === "waiting" && view.query === "" ? longest : compare);
export const EMPTY: RowList = { rows: [], held: new Map(), next: null, by: compare };

/** A person answers in the platform's own client, and nobody here has the conversation. */
export function isElsewhere(row: Row, at: number): boolean {
  return row.owner === null && row.elsewhere_until !== null && Date.parse(row.elsewhere_until) > at;
}

export function matches(row: Row, filter: Filter, me: number): boolean {
  switch (filter) {
    case "all":
      return true;
    case "mine":
      return row.owner?.id === me;
    case "waiting":
      return row.waiting_since !== null;
    case "bot":
      return row.owner === null && row.waiting_since === null && !row.closed;
    case "attention":
      return row.attention !== "";
  }
}

/** The first page: it replaces everything. */
export function replaced(items: readonly Row[], next: string | null, by: Order = compare): RowList {
  return { rows: sorted(items, by), held: new Map(), next, by };
}

/** A later page: rows that are here already keep their newer copy. */
export function appended(list: RowList, items: readonly Row[], next: string | null): RowList {
  const known = new Set(list.rows.map((row) => row.id));
  const fresh = items.filter((row) => !known.has(row.id) && !list.held.has(row.id));
  return { ...list, rows: [...list.rows, ...sorted(fresh, list.by)], next };
}

/** The first page again, after a lost connection: newer copies win, the tail stays where it was. */
export function refreshed(list: RowList, items: readonly Row[], next: string | null, by: Order = list.by): RowList {
  const last = items.at(-1);
  if (next === null || !last) return replaced(items, next, by);
  const fresh = new Set(items.map((row) => row.id));
  const tail = list.rows.filter((row) => !fresh.has(row.id) && by(last, row) < 0);
  // Without an overlap there may be unseen rows between the two parts.
  const overlaps = list.rows.some((row) => row.id === last.id) && tail.length > 0;
  return overlaps ? { ...list, rows: [...sorted(items, by), ...tail], held: new Map() } : replaced(items, next, by);
}

/** A live row. Held: contents change in place, places do not; what would move waits in `held`. A late one is dropped. */
export function received(list: RowList, told: Row, view: View, hold: boolean): RowList {
  const index = list.rows.findIndex((known) => known.id === told.id);
  if (later(list.held.get(told.id) ?? list.rows[index], told) !== told) return list;
  const { match } = list.rows[index] ?? {};
  const row = match ? { ...told, match } : told; // what a search found is not told again
  const fits = view.query !== "" ? index >= 0 : matches(row, view.filter, view.me);
  if (index < 0 && !(fits && reaches(list, row))) return without(list, row.id);
  if (hold) return heldBack(list, row, index, fits);
  const { rows, ...rest } = released(list, view);
  return { ...rest, rows: fits ? placed(rows, row, list.by) : removed(rows, row.id) };
}

function heldBack(list: RowList, row: Row, index: number, fits: boolean): RowList {
  const rows = index < 0 ? list.rows : list.rows.map((known, at) => (at === index ? row : known));
  const moves = index < 0 || !fits || !inPlace(rows, index, list.by);
  const held = new Map(list.held);
  if (moves) held.set(row.id, row);
  else held.delete(row.id);
  return { ...list, rows, held };
}

/** Nobody points at the list any more: everything takes its place. */
export function released(list: RowList, view: View): RowList {
  if (list.held.size === 0) return list;
  const rest = list.rows.filter((row) => !list.held.has(row.id));
  const fitting = [...list.held.values()].filter((row) => view.query !== "" || matches(row, view.filter, view.me));
  return { ...list, rows: sorted([...rest, ...fitting], list.by), held: new Map() };
}

/** How many conversations wait above what is shown. */
export function waitingAbove(list: RowList, view: View): number {
  if (list.by === longest) return 0; // whoever begins to wait comes last
  let count = 0;
  for (const row of list.held.values()) if (view.query !== "" || matches(row, view.filter, view.me)) count += 1;
  return count;
}

/** A row older than the last loaded one will come with its page. */
function reaches(list: RowList, row: Row): boolean {
  const last = list.rows.at(-1);
  return list.next === null || last === undefined || list.by(row, last) < 0;
}

function inPlace(rows: readonly Row[], index: number, by: Order): boolean {
  const row = rows[index];
  const above = rows[index - 1];
  const below = rows[index + 1];
  if (!row) return false;
  return (!above || by(above, row) <= 0) && (!below || by(row, below) <= 0);
}

function without(list: RowList, id: number): RowList {
  if (!list.held.has(id)) return list;
  const held = new Map(list.held);
  held.delete(id);
  return { ...list, held };
}

function removed(rows: readonly Row[], id: number): readonly Row[] {
  return rows.filter((row) => row.id !== id);
}

function placed(rows: readonly Row[], row: Row, by: Order): readonly Row[] {
  const others = rows.filter((known) => known.id !== row.id);
  let low = 0;
  let high = others.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = others[middle];
    if (other && by(other, row) < 0) low = middle + 1;
    else high = middle;
  }
  others.splice(low, 0, row);
  return others;
}

function sorted(items: readonly Row[], by: Order): Row[] {
  return [...items].sort(by);
}
