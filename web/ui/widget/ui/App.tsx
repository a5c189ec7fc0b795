// The launcher with its badge, and the box when it is open.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "../chat";
import type { Draft } from "../draft";
import { unread } from "../state";
import type { Uploads } from "../uploads";
import { names, speaker } from "../words";
import { Icon } from "./icons";
import { Panel } from "./Panel";

export interface AppProps {
  chat: Chat;
  draft: Draft;
  uploads: Uploads;
  server: string;
  inline: boolean;
  direction: "ltr" | "rtl";
  setOpen: (open: boolean) => void;
  /** The visitor, not the page, opened it. */
  asked: () => boolean;
}

export function App({ chat, draft, uploads, server, inline, direction, setOpen, asked }: AppProps) {
  const [state, setState] = useState(chat.state);
  const launcher = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(state.open);
  useLayoutEffect(() => chat.watch(setState), []); // at once: nothing may change unseen before the first frame
  useEffect(() => {
    if (wasOpen.current && !state.open) launcher.current?.focus({ preventScroll: true });
    wasOpen.current = state.open;
  }, [state.open]);
  const say = speaker(state.lang);
  const count = state.open ? 0 : unread(state);
  const label = state.open ? say("closeChat") : say("openChat");
  return (
    <div class={inline ? "root inline" : "root"} dir={direction} lang={names[state.lang].tag} data-open={state.open}>
      {state.open && (
        <Panel chat={chat} state={state} draft={draft} uploads={uploads} server={server} inline={inline} focus={asked()} onClose={() => setOpen(false)} />
      )}
      {!inline && (
        <button
          type="button"
          class="launcher"
          ref={launcher}
          aria-expanded={state.open}
          aria-label={count ? `${label}, ${say("unread", { count })}` : label}
          onClick={() => setOpen(!state.open)}
        >
          <Icon name={state.open ? "down" : "chat"} />
          {count > 0 && <span class="badge">{count > 99 ? "99+" : count}</span>}
        </button>
      )}
    </div>
  );
}
