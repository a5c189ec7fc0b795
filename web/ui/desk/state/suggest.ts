/** Completes the word at the caret of the composer. */
import { computed, ref } from "vue";

import { filled, suggest, trigger } from "../logic/canned";
import type { Suggestion } from "../components/SuggestMenu.vue";
import { cannedNow } from "./canned";
import { session, staff } from "./session";
import { thread } from "./thread";

export function useSuggestions(text: () => string, caret: () => number, note: () => boolean) {
  const chosen = ref(0);
  const dismissed = ref("");
  const found = computed(() => {
    const at = trigger(text(), caret(), note());
    return at && dismissed.value !== text() ? at : null;
  });

  const replies = (word: string): Suggestion[] => {
    const names = { me: staff.value?.name ?? "", customer: thread.row?.name ?? "" };
    return suggest(cannedNow(), word).map((reply) => ({
      key: reply.name,
      label: `/${reply.name}`,
      text: filled(reply, names),
    }));
  };
  const people = (word: string): Suggestion[] =>
    (session.me?.colleagues ?? [])
      .filter((one) => `${one.name} ${one.login}`.toLowerCase().includes(word.toLowerCase()))
      .map((one) => ({ key: one.login, label: `@${one.login}`, text: one.name }));

  const suggestions = computed<Suggestion[]>(() => {
    if (!found.value) return [];
    return (found.value.mark === "/" ? replies : people)(found.value.word).slice(0, 8);
  });
  const open = computed(() => found.value !== null && (found.value.mark === "/" || suggestions.value.length > 0));

  function step(by: 1 | -1): void {
    const count = suggestions.value.length;
    if (count > 0) chosen.value = (chosen.value + by + count) % count;
  }

  /** The text with the suggestion in it, and where the caret goes. */
  function accept(suggestion: Suggestion): { text: string; caret: number } | null {
    const at = found.value;
    if (!at) return null;
    const put = at.mark === "/" ? suggestion.text : `${suggestion.label} `;
    const end = at.start + 1 + at.word.length;
    chosen.value = 0;
    return { text: text().slice(0, at.start) + put + text().slice(end), caret: at.start + put.length };
  }

  return { suggestions, open, chosen, step, accept, dismiss: () => (dismissed.value = text()) };
}
