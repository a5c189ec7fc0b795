/** Times for people: relative while near, a clock or a date when far, always in the viewer's zone. */

const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language}|${zone}|${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(tag(language), { ...options, timeZone: validZone(zone) });
  formats.set(key, made);
  return made;
}

const tag = (language: string): string => (language.startsWith("zh") ? "zh-CN" : "en-GB");

/** A zone this browser does not know (an old system) falls back to UTC instead of breaking the page. */
export function validZone(zone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

/** The calendar day "2026-11-22" of an instant in a zone. */
export function dayOf(at: string | number, zone: string): string {
  return format("en", zone, { year: "numeric", month: "2-digit", day: "2-digit" })
    .formatToParts(new Date(at))
    .filter((part) => part.type !== "literal")
    .map((part) => part.value)
    .reverse()
    .join("-");
}

export function clock(at: string, language: string, zone: string): string {
  return format(language, zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at));
}

/** "Sunday 22 November 2026 at 15:04" or "2026年11月22日星期日 15:04", with the zone's short name. */
export function absolute(at: string, language: string, zone: string): string {
  const options = { dateStyle: "full", timeStyle: "short", hourCycle: "h23" } as const;
  return `${format(language, zone, options).format(new Date(at))} (${validZone(zone)})`;
}

export function date(at: string, language: string, zone: string, year = true): string {
  const options: Intl.DateTimeFormatOptions = { month: "short", day: "numeric", ...(year ? { year: "numeric" } : {}) };
  return format(language, zone, options).format(new Date(at));
}

export function dateAndClock(at: string, language: string, zone: string): string {
  return `${date(at, language, zone, !sameYear(at, zone))} ${clock(at, language, zone)}`;
}

function sameYear(at: string | number, zone: string, now = Date.now()): boolean {
  return dayOf(at, zone).slice(0, 4) === dayOf(now, zone).slice(0, 4);
}

export type Words = { now: string; minutes: (n: number) => string; yesterday: string };

const MINUTE = 60_000;

/** "now", "12 min", "15:04", "Yesterday", "Wed", "3 Nov", "3 Nov 2025". */
export function age(at: string, now: number, language: string, zone: string, words: Words): string {
  const past = now - Date.parse(at);
  if (past < MINUTE) return words.now;
  if (past < 60 * MINUTE) return words.minutes(Math.floor(past / MINUTE));
  const days = daysBetween(at, now, zone);
  if (days <= 0) return clock(at, language, zone);
  if (days === 1) return words.yesterday;
  if (days < 7) return format(language, zone, { weekday: "short" }).format(new Date(at));
  return date(at, language, zone, !sameYear(at, zone, now));
}

/** Whole calendar days from `at` to `now` in the zone. */
export function daysBetween(at: string, now: number, zone: string): number {
  return Math.round((Date.parse(dayOf(now, zone)) - Date.parse(dayOf(at, zone))) / 86_400_000);
}

/** "Today", "Yesterday", or the date with its weekday. */
export function dayName(at: string, now: number, language: string, zone: string, words: { today: string; yesterday: string }): string {
  const days = daysBetween(at, now, zone);
  if (days === 0) return words.today;
  if (days === 1) return words.yesterday;
  const year = sameYear(at, zone, now) ? {} : ({ year: "numeric" } as const);
  return format(language, zone, { weekday: "long", month: "long", day: "numeric", ...year }).format(new Date(at));
}

/** Minutes since `at`, never negative. */
export function minutesSince(at: string, now: number): number {
  return Math.max(0, Math.floor((now - Date.parse(at)) / MINUTE));
}

export type SpanWords = { minutes: (n: number) => string; hours: (n: number) => string; days: (n: number) => string };

/** The largest whole unit of a span of minutes. */
export function span(minutes: number, words: SpanWords): string {
  if (minutes < 60) return words.minutes(minutes);
  if (minutes < 48 * 60) return words.hours(Math.floor(minutes / 60));
  return words.days(Math.floor(minutes / 1440));
}
