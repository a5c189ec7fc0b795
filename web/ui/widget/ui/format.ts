// Times as a reader of this language writes them, in the reader's own zone.

import { names, type Lang, type Say } from "../words";

const DAY = 86_400_000;

/** Making one takes as long as drawing a message. */
const clocks: Partial<Record<Lang, Intl.DateTimeFormat>> = {};

export function clock(at: Date, lang: Lang): string {
  clocks[lang] ??= new Intl.DateTimeFormat(names[lang].tag, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return clocks[lang].format(at);
}

/** "Today", "Yesterday", else the date; the year only when it is another one. */
export function day(at: Date, now: Date, lang: Lang, say: Say): string {
  if (at.toDateString() === now.toDateString()) return say("today");
  if (at.toDateString() === new Date(now.getTime() - DAY).toDateString()) return say("yesterday");
  const year = at.getFullYear() === now.getFullYear() ? {} : ({ year: "numeric" } as const);
  return new Intl.DateTimeFormat(names[lang].tag, { month: "long", day: "numeric", weekday: "long", ...year }).format(at);
}
