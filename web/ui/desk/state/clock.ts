/** The present, ticking every twenty seconds so that ages and waiting times stay true. */
import { ref } from "vue";

import { language, t } from "../i18n/words";
import * as time from "../logic/time";
import { zone } from "./session";

export const now = ref(Date.now());
window.setInterval(() => (now.value = Date.now()), 20_000);

const words = (): time.Words => ({
  now: t("time.now"),
  minutes: (n) => t("time.minutes", { n }),
  yesterday: t("time.yesterday"),
});

export const age = (at: string): string => time.age(at, now.value, language.value, zone.value, words());
export const absolute = (at: string): string => time.absolute(at, language.value, zone.value);
export const clock = (at: string): string => time.clock(at, language.value, zone.value);
export const date = (at: string): string => time.date(at, language.value, zone.value);
export const dateAndClock = (at: string): string => time.dateAndClock(at, language.value, zone.value);
export const dayName = (at: string): string =>
  time.dayName(at, now.value, language.value, zone.value, { today: t("time.today"), yesterday: t("time.yesterday") });

export const minutesSince = (at: string): number => time.minutesSince(at, now.value);

export const spanOf = (minutes: number): string =>
  time.span(minutes, {
    minutes: (n) => t("time.minutes", { n }),
    hours: (n) => t("time.hours", { n }),
    days: (n) => t("time.days", { n }),
  });
