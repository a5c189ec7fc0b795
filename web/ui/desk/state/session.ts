/** Who is logged in, and what this account may do. */
import { computed, reactive, watch } from "vue";

import * as calls from "../api/calls";
import { configure } from "../api/client";
import type { Limits, Me, Role, Staff } from "../api/types";
import { language, speak, t } from "../i18n/words";
import { validZone } from "../logic/time";

const DEFAULT_LIMITS: Limits = { text: 4000, files: 10, file_bytes: 20 * 1024 * 1024, image_bytes: 20 * 1024 * 1024 };

type Session = { me: Me | null; csrf: string; loggedOut: boolean };

export const session = reactive<Session>({ me: null, csrf: "", loggedOut: false });

export const staff = computed<Staff | null>(() => session.me?.staff ?? null);
export const myId = computed(() => staff.value?.id ?? 0);
export const zone = computed(() => validZone(staff.value?.timezone || browserZone()));
export const limits = computed(() => ({ ...DEFAULT_LIMITS, ...session.me?.limits }));
export const isManager = computed(() => atLeast("manager"));
export const isAdmin = computed(() => atLeast("admin"));

const RANK: Record<Role, number> = { agent: 0, manager: 1, admin: 2 };

function atLeast(role: Role): boolean {
  return staff.value !== null && RANK[staff.value.role] >= RANK[role];
}

export const browserZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Reads the account behind the cookie; an ApiError 401 when there is none. */
export async function loadMe(): Promise<Staff> {
  const me = await calls.me();
  session.me = me;
  session.csrf = me.csrf;
  session.loggedOut = false;
  speak(me.staff.locale || language.value);
  return me.staff;
}

export async function logIn(name: string, password: string): Promise<Staff> {
  const wanted = language.value;
  const answer = await calls.login(name, password);
  session.csrf = answer.csrf;
  const me = await loadMe();
  if (me.locale.slice(0, 2) !== wanted) await changeMe({ locale: wanted });
  return me;
}

export async function logOut(): Promise<void> {
  await calls.logout();
  forget();
}

export async function changeMe(changes: Partial<Pick<Staff, "name" | "locale" | "timezone">>): Promise<void> {
  const answer = await calls.updateMe(changes);
  if (session.me) session.me = { ...session.me, staff: answer.staff };
  if (changes.locale) speak(changes.locale);
}

export function forget(): void {
  session.me = null;
  session.csrf = "";
}

const others = new Set<() => void>();
let last = 0;

/** Calls `callback` when another person logs in; the same one, after a session ended, finds everything as it was. */
export function onOtherStaff(callback: () => void): void {
  others.add(callback);
}

watch(
  myId,
  (id) => {
    if (id !== 0 && last !== 0 && id !== last) for (const callback of others) callback();
    last = id || last;
  },
  { flush: "sync" },
);

configure({
  csrf: () => session.csrf,
  language: () => (language.value === "zh" ? "zh-CN" : "en"),
  loggedOut: () => {
    session.loggedOut = session.me !== null || session.loggedOut;
    forget();
  },
  words: () => ({ offline: t("error.offline"), broken: t("error.broken") }),
});
