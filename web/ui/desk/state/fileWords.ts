/** Files in words: who sent one, and what a message without words of its own brought. */
import type { PersonFile } from "../api/types";
import { t } from "../i18n/words";
import type { Preview } from "../logic/preview";

/** "" for the customer: a person's files are theirs unless somebody else is named. */
export function senderOf(file: PersonFile): string {
  if (file.author === "customer") return "";
  return t("person.filefrom", { name: file.author === "bot" ? t("thread.botname") : file.sender || t("inbox.staff") });
}

/** "Photo" or "File"; "" when nothing came with the message. */
export function attachedWord({ attached }: Preview): string {
  if (attached === "") return "";
  return attached === "image" ? t("inbox.photo") : t("inbox.file");
}
