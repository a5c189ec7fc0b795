// Pictures with a closer look, other files as rows to download. Their links are short-lived and fetched again when they are old.

import { useMemo, useState } from "preact/hooks";
import { fileSize } from "../limits";
import type { Attachment, Message } from "../protocol";
import { useBox } from "./context";
import { Icon } from "./icons";

const LINK_FRESH = 4 * 60_000;

export function Files({ message }: { message: Message }) {
  const images = message.files.filter(isImage);
  const others = message.files.filter((file) => !isImage(file));
  return (
    <>
      {images.length > 0 && <Gallery images={images} message={message} />}
      {others.map((file) => (
        <FileRow key={file.id} file={file} seq={message.seq} />
      ))}
    </>
  );
}

export function isImage(file: Attachment): boolean {
  return file.kind === "image";
}

function Gallery({ images, message }: { images: readonly Attachment[]; message: Message }) {
  const { say, showImages } = useBox();
  return (
    <div class={images.length > 1 ? "gallery many" : "gallery"}>
      {images.map((file, index) =>
        file.state === "stored" ? (
          <button
            key={file.id}
            type="button"
            class="thumb"
            aria-label={say("openImage", { name: file.name })}
            onClick={() => showImages(message, index)}
          >
            <Picture file={file} seq={message.seq} alt="" />
          </button>
        ) : (
          <Unstored key={file.id} file={file} />
        ),
      )}
    </div>
  );
}

function Unstored({ file }: { file: Attachment }) {
  const { say } = useBox();
  const failed = file.state === "failed";
  return (
    <span class={failed ? "unstored" : "unstored skeleton"}>
      <Icon name={failed ? "alert" : "image"} />
      <span>{say(failed ? "fileFailed" : "filePending")}</span>
    </span>
  );
}

/** `full`: the whole picture instead of its thumbnail. When it does not load, its link is fetched anew, once. */
export function Picture({ file, seq, alt, full = false }: { file: Attachment; seq: number; alt: string; full?: boolean }) {
  const { chat, say, address } = useBox();
  const [again, setAgain] = useState<{ url: string; gone: boolean }>({ url: "", gone: false });
  const source = address(again.url || (full ? file.url : file.thumb || file.url));
  const reload = async (): Promise<void> => {
    const fresh = again.url || !seq ? undefined : await chat.refresh(seq);
    const copy = fresh && [...fresh.files, ...fresh.cards.flatMap((card) => card.image ?? [])].find((one) => one.id === file.id);
    const url = copy ? (full ? copy.url : copy.thumb || copy.url) : "";
    setAgain({ url, gone: !url });
  };
  if (again.gone || !source) {
    return (
      <span class="gone">
        <Icon name="image" />
        <span>{say("imageGone")}</span>
      </span>
    );
  }
  const size = file.width && file.height ? { width: file.width, height: file.height } : {};
  return <img src={source} alt={alt} {...size} decoding="async" draggable={false} onError={() => void reload()} />;
}

function FileRow({ file, seq }: { file: Attachment; seq: number }) {
  const { chat, say, address } = useBox();
  const since = useMemo(() => Date.now(), [file.url]);
  const open = async (event: MouseEvent): Promise<void> => {
    if (!seq || Date.now() - since < LINK_FRESH) return;
    event.preventDefault();
    const fresh = await chat.refresh(seq);
    const url = address(fresh?.files.find((one) => one.id === file.id)?.url || file.url);
    if (url) window.open(url, "_blank", "noopener");
  };
  const href = file.state === "stored" ? address(file.url) : "";
  const note = { pending: say("filePending"), failed: say("fileFailed"), stored: fileSize(file.size) }[file.state];
  const inside = (
    <>
      <span class="mark">
        <Icon name={file.state === "failed" ? "alert" : "file"} />
      </span>
      <span class="what">
        <bdi>{file.name || say("download")}</bdi>
        <small dir="auto">{note}</small>
      </span>
      {href && <Icon name="download" />}
    </>
  );
  if (!href) return <div class="filerow">{inside}</div>;
  return (
    <a class="filerow" href={href} download={file.name} target="_blank" rel="noopener" onClick={(event) => void open(event)}>
      {inside}
    </a>
  );
}
