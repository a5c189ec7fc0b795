// One picture, large, over everything; Escape and a tap beside it close, arrow keys turn the pages.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Message } from "../protocol";
import { useBox } from "./context";
import { isImage, Picture } from "./Files";
import { Icon } from "./icons";

export function Lightbox({ message, index, onClose }: { message: Message; index: number; onClose: () => void }) {
  const { say, address } = useBox();
  const dialog = useRef<HTMLDialogElement>(null);
  const images = message.files.filter((file) => isImage(file) && file.state === "stored");
  const [at, setAt] = useState(Math.min(index, images.length - 1));
  const file = images[at];
  const turn = (step: number): void => setAt((at + step + images.length) % images.length);
  useEffect(() => dialog.current?.showModal(), []);
  if (!file) return null;
  const onKey = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (images.length > 1 && event.key === "ArrowRight") turn(1);
    if (images.length > 1 && event.key === "ArrowLeft") turn(-1);
  };
  return (
    <dialog
      class="lightbox"
      ref={dialog}
      aria-label={file.name || say("image")}
      onClose={onClose}
      onKeyDown={onKey}
      onClick={(event) => event.target === event.currentTarget && dialog.current?.close()}
    >
      <div class="bar">
        <bdi>{file.name}</bdi>
        <a class="round" href={address(file.url)} target="_blank" rel="noopener" download={file.name} aria-label={say("download")}>
          <Icon name="download" />
        </a>
        <button type="button" class="round" aria-label={say("close")} onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </div>
      <Picture key={file.id} file={file} seq={message.seq} alt={file.name || say("image")} full />
      {images.length > 1 && (
        <>
          <button type="button" class="round before" aria-label={say("previous")} onClick={() => turn(-1)}>
            <Icon name="left" />
          </button>
          <button type="button" class="round after" aria-label={say("next")} onClick={() => turn(1)}>
            <Icon name="right" />
          </button>
        </>
      )}
    </dialog>
  );
}
