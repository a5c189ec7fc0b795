/** The words of the interface in the chosen language; a missing key is a compile error. */
import { computed, ref } from "vue";

import type { Language } from "../logic/canned";
import { en, type Key } from "./en";
import { zh } from "./zh";

export const CATALOGUES: Record<Language, Record<Key, string>> = { en, zh };
export const LANGUAGES: { value: Language; label: string }[] = [
  { value: "en", label: "English" },
  { value: "zh", label: "中文" },
];

const KEPT = "parley.desk.language";

export const language = ref<Language>(firstLanguage());

export function firstLanguage(): Language {
  const wanted = localStorage.getItem(KEPT) ?? navigator.language;
  return wanted.startsWith("zh") ? "zh" : "en";
}

export function speak(wanted: string): void {
  language.value = wanted.startsWith("zh") ? "zh" : "en";
  localStorage.setItem(KEPT, language.value);
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
}

export type Facts = Record<string, string | number>;

/** The sentence for `key` with its facts filled in; `n` chooses between "one|many". */
export function t(key: Key, facts: Facts = {}): string {
  return phrase(CATALOGUES[language.value][key], facts);
}

export function phrase(sentence: string, facts: Facts): string {
  const forms = sentence.split("|");
  const chosen = forms.length > 1 && facts["n"] !== 1 ? forms[1] : forms[0];
  return (chosen ?? "").replace(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole));
}

export const isChinese = computed(() => language.value === "zh");

type Named =
  | "apikey.scope"
  | "attention"
  | "order.state"
  | "payment.provider"
  | "payment.state"
  | "refund.state"
  | "reports.state"
  | "settings.role"
  | "store.cure"
  | "store.what"
  | "thread.event"
  | "thread.failure";

/** Words for what the server named, or the name itself: it is newer than this catalogue, or a sentence and no name. */
export function tState(
  prefix: Named,
  state: string,
  facts: Facts = {},
): string {
  const key = `${prefix}.${state}`;
  return key in en ? t(key as Key, facts) : state;
}
