/** The team's ready-made replies in the reader's language; asked for when they are first needed, and again after a while. */
import { reactive } from "vue";

import * as calls from "../api/calls";
import type { Canned, CannedList } from "../api/types";
import { language } from "../i18n/words";
import { complete, firstCanned, type Language } from "../logic/canned";
import { onOtherStaff } from "./session";

const FRESH_MS = 60_000;
const known = reactive(new Map<Language, CannedList>());
const asked = new Map<Language, number>();

/** What there is now; a newer list comes by itself. */
export function cannedNow(): readonly Canned[] {
  const wanted = language.value;
  if (Date.now() - (asked.get(wanted) ?? 0) > FRESH_MS) void refreshCanned().catch(() => undefined);
  return shown(wanted);
}

export async function refreshCanned(): Promise<readonly Canned[]> {
  const wanted = language.value;
  asked.set(wanted, Date.now());
  known.set(wanted, await calls.canned(wanted));
  return shown(wanted);
}

/** An ApiError 409 `overtaken` when a colleague was quicker. */
export async function keepCanned(replies: readonly Canned[]): Promise<void> {
  const wanted = language.value;
  const version = known.get(wanted)?.version ?? "";
  known.set(wanted, await calls.saveCanned(wanted, { items: complete(replies), version }));
}

function shown(wanted: Language): readonly Canned[] {
  const list = known.get(wanted);
  return list?.version ? list.items : firstCanned(localStorage, wanted);
}

onOtherStaff(() => {
  known.clear();
  asked.clear();
});
