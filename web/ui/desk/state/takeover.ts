/** Taking, giving back and closing, with the words around them. */
import { ElMessageBox } from "element-plus";

import * as calls from "../api/calls";
import { ApiError } from "../api/client";
import { t } from "../i18n/words";
import { draftOf, keepDraft } from "./drafts";
import { isManager } from "./session";
import { closeConversation, give, mode, refreshFacts, take, thread } from "./thread";
import { attempt, done, problem, tell } from "./toasts";

/** Takes over another conversation of the same person, with the words that were typed here; true when it is mine. */
export async function goOn(to: number): Promise<boolean> {
  const { id } = thread;
  if (id === null) return false;
  const { text } = draftOf(id);
  try {
    await calls.take(to, false);
  } catch (error) {
    tell(error);
    return false;
  }
  if (text.trim()) {
    keepDraft(to, { text, note: false });
    keepDraft(id, { text: "", note: false });
  }
  return true;
}

/** True when the conversation is mine afterwards. */
export async function takeOver(): Promise<boolean> {
  if (thread.id === null || mode.value === "mine") return mode.value === "mine";
  try {
    await take();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "taken") tell(error);
    else if (await askForce(error)) return attempt(() => take(true));
    return false;
  }
  void refreshFacts().catch(() => undefined);
  return true;
}

/** A manager may insist; others learn who has it. */
async function askForce(error: ApiError): Promise<boolean> {
  const named = error.details["owner"];
  const name = typeof named === "string" ? named : (thread.row?.owner?.name ?? t("common.someone"));
  if (!isManager.value) {
    problem(t("thread.taken.no", { name }));
    return false;
  }
  const buttons = { confirmButtonText: t("thread.taken.yes"), cancelButtonText: t("common.cancel") };
  return confirm(t("thread.taken.force", { name }), t("thread.taken.title", { name }), buttons);
}

export async function giveBack(): Promise<void> {
  if (mode.value !== "mine" && mode.value !== "elsewhere") return;
  await attempt(give);
}

export async function closeIt(): Promise<void> {
  if (await attempt(closeConversation)) done(t("thread.closed"));
}

/** Resolves to the reader's answer; leaving the question is a no. */
export async function confirm(
  text: string,
  title: string,
  buttons: { confirmButtonText: string; cancelButtonText: string },
): Promise<boolean> {
  try {
    await ElMessageBox.confirm(text, title, { ...buttons, closeOnClickModal: true });
    return true;
  } catch {
    return false;
  }
}
