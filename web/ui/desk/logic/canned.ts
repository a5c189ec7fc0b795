/** Ready-made replies: a short name after "/" becomes a whole sentence. The team shares a set for each language. */
import type { Canned } from "../api/types";
import type { Shelf } from "./drafts";

export type Language = "en" | "zh";

const key = (language: Language): string => `parley.desk.canned.${language}`;

const FIRST: Record<Language, Canned[]> = {
  en: [
    { name: "hello", text: "Hello, this is {me}. How can I help?" },
    { name: "moment", text: "One moment please, I am looking into it." },
    { name: "shipped", text: "Your order is on its way. It usually arrives within three days." },
    { name: "sorry", text: "I am sorry about this. I will put it right." },
  ],
  zh: [
    { name: "nihao", text: "您好，我是{me}，请问有什么可以帮您？" },
    { name: "shaodeng", text: "请稍等，我马上为您查看。" },
    { name: "fahuo", text: "您的订单已经发出，一般三天内送达。" },
    { name: "baoqian", text: "非常抱歉给您添麻烦了，我来为您处理。" },
  ],
};

/** What the reader sees while the team has none of its own: what this browser kept in an earlier version, else the first ones. */
export function firstCanned(shelf: Shelf, language: Language): Canned[] {
  try {
    const value: unknown = JSON.parse(shelf.getItem(key(language)) ?? "null");
    return Array.isArray(value) ? (value as Canned[]) : FIRST[language];
  } catch {
    return FIRST[language];
  }
}

/** Without the lines that were left half empty. */
export function complete(replies: readonly Canned[]): Canned[] {
  return replies.filter((reply) => reply.name.trim() && reply.text.trim());
}

/** What fits the word after the slash: names that begin with it first, then anything that contains it. */
export function suggest(replies: readonly Canned[], word: string): Canned[] {
  const wanted = word.toLowerCase();
  const rank = (reply: Canned): number => {
    if (reply.name.toLowerCase().startsWith(wanted)) return 0;
    return `${reply.name} ${reply.text}`.toLowerCase().includes(wanted) ? 1 : 2;
  };
  return replies.filter((reply) => rank(reply) < 2).sort((a, b) => rank(a) - rank(b));
}

export function filled(reply: Canned, names: { me: string; customer: string }): string {
  return reply.text.replaceAll("{me}", names.me).replaceAll("{name}", names.customer);
}

export type Trigger = { mark: "/" | "@"; word: string; start: number };

/** "/wor|" as the whole line so far, or "@na|" after a space: what the composer should complete at the caret. */
export function trigger(text: string, caret: number, mentions: boolean): Trigger | null {
  const before = text.slice(0, caret);
  const slash = /(?:^|\n)\/(\S*)$/.exec(before);
  if (slash) return { mark: "/", word: slash[1] ?? "", start: caret - (slash[1] ?? "").length - 1 };
  const at = mentions ? /(?:^|\s)@(\S*)$/.exec(before) : null;
  return at ? { mark: "@", word: at[1] ?? "", start: caret - (at[1] ?? "").length - 1 } : null;
}
