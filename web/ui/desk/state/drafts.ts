/** Which conversations hold unsent words, for the list and for the composer. */
import { reactive, watch } from "vue";

import * as shelf from "../logic/drafts";
import { myId } from "./session";

const known = reactive(new Set<number>());
watch(
  myId,
  (staff) => {
    known.clear();
    for (const id of shelf.draftIds(localStorage, staff)) known.add(id);
  },
  { immediate: true, flush: "sync" },
);

export const hasDraft = (conversation: number): boolean => known.has(conversation);
export const draftOf = (conversation: number): shelf.Draft => shelf.loadDraft(localStorage, myId.value, conversation);

export function keepDraft(conversation: number, draft: shelf.Draft): void {
  shelf.saveDraft(localStorage, myId.value, conversation, draft, Date.now());
  if (draft.text.trim()) known.add(conversation);
  else known.delete(conversation);
}
