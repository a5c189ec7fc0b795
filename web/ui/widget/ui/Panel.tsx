// The open box: header, conversation, composer; a window on a wide screen, the whole screen on a phone.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Chat } from "../chat";
import type { Draft } from "../draft";
import { checkFiles } from "../limits";
import { webAddress } from "../linkify";
import type { App, Message } from "../protocol";
import type { State } from "../state";
import type { Uploads } from "../uploads";
import { speaker } from "../words";
import { Composer } from "./Composer";
import { BoxContext, type Box } from "./context";
import { Banners, Header } from "./Header";
import { GoOn } from "./GoOn";
import { FULL_SCREEN } from "./hooks";
import { Icon } from "./icons";
import { Lightbox } from "./Lightbox";
import { Thread } from "./Thread";

export interface PanelProps {
  chat: Chat;
  state: State;
  draft: Draft;
  uploads: Uploads;
  server: string;
  /** Drawn inside of the page instead of over it: there is nothing to close. */
  inline: boolean;
  /** The visitor opened it, so the keyboard belongs to it; a box that the page opened takes nothing. */
  focus: boolean;
  onClose: () => void;
}

export function Panel({ chat, state, draft, uploads, server, inline, focus, onClose }: PanelProps) {
  const panel = useRef<HTMLElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [lightbox, setLightbox] = useState<{ message: Message; index: number } | null>(null);
  const [goingOn, setGoingOn] = useState<App | null>(null);
  const say = useMemo(() => speaker(state.lang), [state.lang]);
  const box: Box = {
    chat,
    say,
    lang: state.lang,
    address: (url) => webAddress(url, `${server}/`),
    pickFiles: () => picker.current?.click(),
    showImages: (message, index) => setLightbox({ message, index }),
  };
  const addFiles = (files: readonly File[]): void => {
    const checked = checkFiles(files, uploads.list.length, state.limits, say);
    setProblems(checked.problems);
    uploads.add(checked.accepted);
    if (checked.accepted.length) field.current?.focus();
  };
  useEffect(() => {
    if (focus) (matchMedia(FULL_SCREEN).matches ? panel : field).current?.focus({ preventScroll: true });
  }, []);
  const drop = useDrop(addFiles);
  const name = state.shop.name;
  return (
    <BoxContext.Provider value={box}>
      <section
        class="panel"
        role={inline ? "region" : "dialog"}
        aria-label={name ? say("chatWith", { name }) : say("chat")}
        tabIndex={-1}
        ref={panel}
        onKeyDown={(event) => {
          event.stopPropagation(); // the page's own shortcuts are not meant by what is typed here
          if (event.key === "Escape" && !inline && !event.isComposing) onClose();
        }}
        {...drop.handlers}
      >
        <Header state={state} onClose={inline ? null : onClose} onGoOn={setGoingOn} />
        <Banners state={state} />
        <Thread state={state} />
        <Composer
          draft={draft}
          uploads={uploads}
          limits={state.limits}
          problems={problems}
          field={field}
          addFiles={addFiles}
          onEdit={() => problems.length && setProblems([])}
        />
        <input
          type="file"
          multiple
          hidden
          ref={picker}
          onChange={(event) => {
            addFiles(Array.from(event.currentTarget.files ?? []));
            event.currentTarget.value = "";
          }}
        />
        {goingOn && (
          <GoOn
            key={goingOn.account}
            app={goingOn}
            onClose={() => {
              setGoingOn(null);
              field.current?.focus();
            }}
          />
        )}
        {drop.over && (
          <div class="drop">
            <Icon name="image" />
            {say("dropHere")}
          </div>
        )}
      </section>
      {lightbox && <Lightbox {...lightbox} onClose={() => setLightbox(null)} />}
    </BoxContext.Provider>
  );
}

/** Files dragged over the box; the page below never sees them, so a missed drop does not leave the page. */
function useDrop(onFiles: (files: readonly File[]) => void) {
  const [over, setOver] = useState(false);
  const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  const drag = (event: DragEvent): void => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    setOver(true);
  };
  const handlers = {
    onDragEnter: drag,
    onDragOver: drag,
    onDragLeave: (event: DragEvent): void => {
      const inside = event.currentTarget instanceof Node && event.currentTarget.contains(event.relatedTarget as Node | null);
      if (!inside) setOver(false);
    },
    onDrop: (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(false);
      onFiles(Array.from(event.dataTransfer?.files ?? []));
    },
  };
  return { over, handlers };
}
