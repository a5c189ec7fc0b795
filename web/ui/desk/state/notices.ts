/** Draws attention when it is wanted elsewhere: the number in the tab's title, a notification, a soft sound. */
import { computed, watch } from "vue";

import type { Row } from "../api/types";
import { t } from "../i18n/words";
import { previewOf } from "../logic/preview";
import { attachedWord } from "./fileWords";
import { inbox } from "./inbox";
import * as live from "./live";
import { preferences } from "./preferences";
import { myId } from "./session";

const waiting = computed(() => inbox.counts.waiting ?? 0);

/** "(3) Inbox · Parley". */
export function keepTitle(page: () => string): void {
  watch(
    () => `${waiting.value > 0 ? `(${waiting.value}) ` : ""}${page()} · ${t("app.name")}`,
    (title) => (document.title = title),
    { immediate: true },
  );
}

const told = new Map<number, string>();

/** A new customer message in a conversation of mine, or one that waits for a person. */
function concerns(row: Row): boolean {
  const mine = row.owner?.id === myId.value || row.waiting_since !== null;
  const fresh = row.last_author === "customer" && row.unread > 0 && told.get(row.id) !== row.last_at;
  if (fresh) told.set(row.id, row.last_at);
  return fresh && mine;
}

export function keepNotices(open: (id: number) => void): () => void {
  return live.on("row", (row) => {
    if (!concerns(row) || document.visibilityState === "visible") return;
    if (preferences.notify) notify(row, open);
    if (preferences.sound) chime();
  });
}

function notify(row: Row, open: (id: number) => void): void {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const tag = `parley-${row.id}`;
  const preview = previewOf(row.last_text);
  const body = preview.words || attachedWord(preview);
  const notice = new Notification(t("notify.title", { name: row.name }), { body, tag, silent: true });
  notice.onclick = () => {
    window.focus();
    open(row.id);
    notice.close();
  };
}

let audio: AudioContext | null = null;

function chime(): void {
  audio ??= new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  const start = audio.currentTime;
  tone.frequency.setValueAtTime(660, start);
  tone.frequency.setValueAtTime(880, start + 0.12);
  volume.gain.setValueAtTime(0.0001, start);
  volume.gain.exponentialRampToValueAtTime(0.05, start + 0.03);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.45);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + 0.5);
}
