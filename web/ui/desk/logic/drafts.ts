/** Unsent words, kept for each conversation in this browser until they are sent. */

export type Draft = { text: string; note: boolean };
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const MOST = 200;
/** Each member of staff has drafts of their own, also where a browser is shared. */
const key = (staff: number): string => `parley.desk.drafts.${staff}`;

type Kept = Record<string, Draft & { at: number }>;

export function loadDraft(shelf: Shelf, staff: number, conversation: number): Draft {
  const kept = all(shelf, staff)[conversation];
  return kept ? { text: kept.text, note: kept.note } : { text: "", note: false };
}

/** Empty words forget the draft; the oldest go when there are too many. */
export function saveDraft(shelf: Shelf, staff: number, conversation: number, draft: Draft, now: number): void {
  const kept = all(shelf, staff);
  delete kept[conversation];
  if (draft.text.trim() !== "") kept[conversation] = { ...draft, at: now };
  const newest = Object.entries(kept).sort(([, a], [, b]) => b.at - a.at);
  write(shelf, staff, Object.fromEntries(newest.slice(0, MOST)));
}

export function draftIds(shelf: Shelf, staff: number): number[] {
  return Object.keys(all(shelf, staff)).map(Number);
}

function all(shelf: Shelf, staff: number): Kept {
  try {
    const value: unknown = JSON.parse(shelf.getItem(key(staff)) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Kept) : {};
  } catch {
    return {};
  }
}

function write(shelf: Shelf, staff: number, kept: Kept): void {
  try {
    shelf.setItem(key(staff), JSON.stringify(kept));
  } catch {
    // The shelf is full or closed (a private window): a draft is a comfort, not a promise.
  }
}
