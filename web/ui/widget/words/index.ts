// Says things in the visitor's language; a key that a language lacks does not compile.

import { en, type Words } from "./en";
import { zh } from "./zh";

export const languages = { en, zh } as const;
export type Lang = keyof typeof languages;
export type Key = keyof Words;
export type Say = (key: Key, values?: Record<string, string | number>) => string;

/** What each language calls itself, and its tag for the browser. */
export const names: Record<Lang, { label: string; tag: string }> = {
  en: { label: "English", tag: "en" },
  zh: { label: "中文", tag: "zh-CN" },
};

/** The first of `tags` that the chat box speaks ("zh-TW" is "zh"), else English. */
export function pickLanguage(...tags: (string | null | undefined)[]): Lang {
  for (const tag of tags) {
    const base = tag?.toLowerCase().split(/[-_]/)[0];
    if (base && Object.keys(languages).includes(base)) return base as Lang;
  }
  return "en";
}

/** `{name}` is filled in; `{count, one:star, many:stars}` is the number and the fitting word. */
export function speaker(lang: Lang): Say {
  const words: Words = languages[lang];
  return (key, values = {}) =>
    words[key].replace(/\{(\w+)(?:, one:([^,}]*), many:([^}]*))?\}/g, (_whole, name: string, one?: string, many?: string) => {
      const value = values[name] ?? "";
      return one === undefined ? String(value) : `${value} ${Number(value) === 1 ? one : many}`;
    });
}
