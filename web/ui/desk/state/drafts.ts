/** Which conversations hold unsent words, for the list and for the composer. */
import { reactive } from "vue";

import * as shelf from "../logic/drafts";

const known = reactive(new Set<number>());
for (const id of shelf.draftIds(localStorage)) known.add(id);

export const hasDraft = (conversation: number): boolean => known.has(conversation);
export const draftOf = (conversation: number): shelf.Draft => shelf.loadDraft(localStorage, conversation);

export function keepDraft(conversation: number, draft: shelf.Draft): void {
  shelf.saveDraft(localStorage, conversation, draft, Date.now());
  if (draft.text.trim()) known.add(conversation);
  else known.delete(conversation);
}
