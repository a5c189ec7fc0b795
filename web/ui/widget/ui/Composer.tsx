// Where the visitor writes: grows with the text, Enter sends, files are picked, dropped or pasted into the tray above it.

import { useEffect, useLayoutEffect, useState, type MutableRef } from "preact/hooks";
import type { Draft } from "../draft";
import { excess } from "../limits";
import type { Limits } from "../protocol";
import type { Upload, Uploads } from "../uploads";
import { useBox } from "./context";
import { useWatched } from "./hooks";
import { Icon } from "./icons";

const MOST_HEIGHT = 148;
const IME_KEY = 229;

interface Props {
  draft: Draft;
  uploads: Uploads;
  limits: Limits;
  problems: readonly string[];
  field: MutableRef<HTMLTextAreaElement | null>;
  addFiles: (files: readonly File[]) => void;
  onEdit: () => void;
}

export function Composer({ draft, uploads, limits, problems, field, addFiles, onEdit }: Props) {
  const { chat, say, pickFiles } = useBox();
  const [armed, setArmed] = useState(false);
  useWatched((listener) => draft.watch(listener));
  useWatched((listener) => uploads.watch(listener));
  useLayoutEffect(() => grow(field.current), [draft.text]);
  const over = excess(draft.text, limits);
  const ready = (): boolean => excess(draft.text, limits) === 0 && (draft.text.trim() !== "" || uploads.list.length > 0);
  const send = (): void => {
    if (!ready()) return;
    if (uploads.state === "busy" || uploads.state === "failed") return setArmed(uploads.state === "busy");
    chat.say(draft.text.trim(), uploads.take());
    draft.set("");
    onEdit();
    setArmed(false);
    field.current?.focus();
  };
  useEffect(() => {
    if (!armed) return;
    if (uploads.state === "stored" || uploads.state === "empty") send();
    if (uploads.state === "failed") setArmed(false);
  });
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === IME_KEY) return;
    event.preventDefault();
    send();
  };
  return (
    <form class="composer" onSubmit={(event) => (event.preventDefault(), send())}>
      {uploads.list.length > 0 && (
        <ul class="tray">
          {uploads.list.map((upload) => (
            <Staged key={upload.id} upload={upload} uploads={uploads} />
          ))}
        </ul>
      )}
      <Notes problems={problems} over={over} waiting={armed} />
      <div class="row">
        <button type="button" class="round" aria-label={say("attach")} title={say("attach")} onClick={pickFiles}>
          <Icon name="clip" />
        </button>
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          enterkeyhint="send"
          aria-label={say("placeholder")}
          placeholder={say("placeholder")}
          value={draft.text}
          onInput={(event) => {
            draft.set(event.currentTarget.value);
            chat.noteTyping();
            onEdit();
          }}
          onKeyDown={onKey}
          onPaste={(event) => {
            const files = Array.from(event.clipboardData?.files ?? []);
            if (files.length === 0) return;
            event.preventDefault();
            addFiles(files);
          }}
        />
        <button type="submit" class="round send" aria-label={say("send")} title={say("send")} disabled={!ready()} data-busy={armed}>
          <Icon name={armed ? "clock" : "send"} />
        </button>
      </div>
    </form>
  );
}

function Notes({ problems, over, waiting }: { problems: readonly string[]; over: number; waiting: boolean }) {
  const { say } = useBox();
  const lines = [...problems];
  if (over > 0) lines.push(say("textTooLong", { over }));
  return (
    <div class="notes" role="status">
      {lines.map((line) => (
        <p class="problem" dir="auto">{line}</p>
      ))}
      {waiting && <p dir="auto">{say("sendsAfterUpload")}</p>}
    </div>
  );
}

function Staged({ upload, uploads }: { upload: Upload; uploads: Uploads }) {
  const { say } = useBox();
  const [seen, setSeen] = useState(upload.preview !== "");
  const { file, state } = upload;
  return (
    <li class={`staged ${state}`} title={upload.error || file.name}>
      {seen ? <img src={upload.preview} alt="" onError={() => setSeen(false)} /> : <Icon name="file" />}
      <bdi>{state === "failed" ? upload.error || say("uploadFailed") : state === "waiting" ? say("waiting") : file.name}</bdi>
      {state === "uploading" && <progress max={1} value={upload.progress} aria-label={say("uploading", { name: file.name })} />}
      {state === "failed" && (
        <button type="button" class="again" aria-label={say("retryFile", { name: file.name })} onClick={() => uploads.retry(upload.id)}>
          <Icon name="retry" />
        </button>
      )}
      <button type="button" class="off" aria-label={say("removeFile", { name: file.name })} onClick={() => uploads.remove(upload.id)}>
        <Icon name="close" />
      </button>
    </li>
  );
}

/** As high as its text, up to six lines; set through the CSSOM, which a strict CSP allows. */
function grow(field: HTMLTextAreaElement | null): void {
  if (!field) return;
  field.style.height = "0";
  field.style.height = `${Math.min(field.scrollHeight, MOST_HEIGHT)}px`;
}
