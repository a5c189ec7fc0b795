/** What this browser remembers for its user: appearance, notifications, sound. */
import { reactive, watch } from "vue";

export type Theme = "auto" | "light" | "dark";
export type Preferences = { theme: Theme; notify: boolean; sound: boolean };

const KEPT = "parley.desk.preferences";
const FIRST: Preferences = { theme: "auto", notify: false, sound: false };

export const preferences = reactive<Preferences>({ ...FIRST, ...load() });

function load(): Partial<Preferences> {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Preferences>;
  } catch {
    return {};
  }
}

const system = window.matchMedia("(prefers-color-scheme: dark)");

function paint(): void {
  const dark = preferences.theme === "dark" || (preferences.theme === "auto" && system.matches);
  document.documentElement.classList.toggle("dark", dark);
}

/** Applies the theme now and whenever the system or the setting changes. */
export function applyPreferences(): void {
  paint();
  system.addEventListener("change", paint);
  watch(preferences, () => {
    localStorage.setItem(KEPT, JSON.stringify(preferences));
    paint();
  });
}

/** False when the browser refuses. */
export async function allowNotifications(): Promise<boolean> {
  if (!("Notification" in window)) return false;
  return (await Notification.requestPermission()) === "granted";
}
