/** Unsent words, kept for each conversation in this browser until they are sent. */

export type Draft = { text: string; note: boolean };
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const MOST = 200;
const KEY = "parley.desk.drafts";

type Kept = Record<string, Draft & { at: number }>;

export function loadDraft(shelf: Shelf, conversation: number): Draft {
  const kept = all(shelf)[conversation];
  return kept ? { text: kept.text, note: kept.note } : { text: "", note: false };
}

/** Empty words forget the draft; the oldest go when there are too many. */
export function saveDraft(shelf: Shelf, conversation: number, draft: Draft, now: number): void {
  const kept = all(shelf);
  delete kept[conversation];
  if (draft.text.trim() !== "") kept[conversation] = { ...draft, at: now };
  const newest = Object.entries(kept).sort(([, a], [, b]) => b.at - a.at);
  write(shelf, Object.fromEntries(newest.slice(0, MOST)));
}

export function draftIds(shelf: Shelf): number[] {
  return Object.keys(all(shelf)).map(Number);
}

function all(shelf: Shelf): Kept {
  try {
    const value: unknown = JSON.parse(shelf.getItem(KEY) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Kept) : {};
  } catch {
    return {};
  }
}

function write(shelf: Shelf, kept: Kept): void {
  try {
    shelf.setItem(KEY, JSON.stringify(kept));
  } catch {
    // The shelf is full or closed (a private window): a draft is a comfort, not a promise.
  }
}
