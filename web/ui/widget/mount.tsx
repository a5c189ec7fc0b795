// Puts the chat box on a page: one element with a shadow root, nothing outside of it touched.

import { render } from "preact";
import { Chat } from "./chat";
import { shades } from "./colour";
import { socketConnection } from "./connection";
import { Draft } from "./draft";
import { fetchConfig, poster } from "./http";
import { newId } from "./ids";
import { Keep, type Shelf } from "./keep";
import type { Settings } from "./settings";
import { sheets } from "./styles";
import { App } from "./ui/App";
import { FULL_SCREEN } from "./ui/hooks";
import { Uploads } from "./uploads";
import { names } from "./words";

/** What a page may call: `window.Parley.open()`. */
export interface Parley {
  /** Opens the box; `text` is put into the composer for the visitor to send. */
  open(text?: string): void;
  /** Opens the box and says `label` for the visitor, as a tap on a button that carries `data` would. */
  tap(label: string, data: string): void;
  close(): void;
  toggle(): void;
}

const OPEN_KEY = "parley:open";

export function mount(settings: Settings, page: Document): Parley {
  const target = settings.target ? page.querySelector(settings.target) : null;
  if (settings.target && !target) console.warn(`Parley: nothing matches data-target="${settings.target}"; the launcher is shown instead.`);
  const keep = new Keep(settings.server, shelf(() => localStorage));
  const chat = new Chat({
    connect: socketConnection(settings.server),
    keep,
    lang: settings.lang,
    name: settings.name,
    newId,
    now: Date.now,
  });
  const draft = new Draft(keep);
  const uploads = uploader(settings.server, chat);
  const inline = target !== null;
  let asked = false;
  const setOpen = (open: boolean): void => {
    asked = !inline;
    chat.show(open);
    if (!inline) remember(open);
  };
  const host = page.createElement("parley-chat");
  if (inline) host.setAttribute("inline", "");
  const shadow = host.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = sheets(shades(settings.colour));
  const direction = getComputedStyle(target ?? page.body).direction === "rtl" ? "rtl" : "ltr";
  render(<App {...{ chat, draft, uploads, inline, direction, setOpen }} server={settings.server} asked={() => asked} />, shadow);
  (target ?? page.body).append(host); // last: what fails before this leaves the page as it was
  listen(chat, uploads, draft, keep, host);
  configureOnce(chat, settings.server);
  chat.begin();
  if (inline || startsOpen(settings)) chat.show(true);
  return publicFace(chat, draft, setOpen);
}

function publicFace(chat: Chat, draft: Draft, setOpen: (open: boolean) => void): Parley {
  return {
    open: (text) => {
      if (text) draft.set(text);
      setOpen(true);
    },
    tap: (label, data) => {
      setOpen(true);
      chat.tap(label, data);
    },
    close: () => setOpen(false),
    toggle: () => setOpen(!chat.state.open),
  };
}

function uploader(server: string, chat: Chat): Uploads {
  return new Uploads({
    post: poster(server, () => names[chat.state.lang].tag),
    credential: () => chat.credential(),
    preview: (file) => URL.createObjectURL(file),
    release: (preview) => URL.revokeObjectURL(preview),
    newId,
  });
}

/** The page's own events: other tabs, sleep and wake, the network, the on-screen keyboard. */
function listen(chat: Chat, uploads: Uploads, draft: Draft, keep: Keep, host: HTMLElement): void {
  addEventListener("storage", (event) => {
    if (event.storageArea === shelf(() => localStorage)) chat.onStorage(event.key === null ? null : keep.slotOf(event.key));
  });
  addEventListener("online", () => void chat.wake());
  addEventListener("pageshow", (event) => event.persisted && void chat.wake());
  addEventListener("pagehide", () => draft.save());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void chat.wake();
    else draft.save();
  });
  chat.watch((state) => state.phase === "online" && uploads.resume());
  followKeyboard(host);
}

/** A phone's keyboard covers the page without resizing it; the box stays in the part that is seen. */
function followKeyboard(host: HTMLElement): void {
  const view = window.visualViewport;
  if (!view) return;
  const fit = (): void => {
    host.style.setProperty("--view-height", `${view.height}px`);
    host.style.setProperty("--view-top", `${view.offsetTop}px`);
  };
  view.addEventListener("resize", fit);
  view.addEventListener("scroll", fit);
  fit();
}

/** Asked for when the box is first opened: a page view alone costs the server nothing. */
function configureOnce(chat: Chat, server: string): void {
  const stop = chat.watch((state) => {
    if (!state.open) return;
    stop();
    void fetchConfig(server).then((config) => config && chat.configure(config));
  });
}

/** An open box stays open from page to page; on a phone it would hide the page that was asked for. */
function startsOpen(settings: Settings): boolean {
  const was = shelf(() => sessionStorage)?.getItem(OPEN_KEY);
  if (was === "0") return false;
  return (settings.startOpen || was === "1") && !(was === "1" && matchMedia(FULL_SCREEN).matches);
}

function remember(open: boolean): void {
  try {
    shelf(() => sessionStorage)?.setItem(OPEN_KEY, open ? "1" : "0");
  } catch {
    // full or forbidden: the next page starts as the tag says
  }
}

/** Some browsers forbid even to look at their storage. */
function shelf(open: () => Storage): (Shelf & Storage) | null {
  try {
    return open();
  } catch {
    return null;
  }
}
