// Who one talks to, the menu with the language, and the way out.

import { useEffect, useRef, useState } from "preact/hooks";
import type { App } from "../protocol";
import type { State } from "../state";
import { names, type Lang } from "../words";
import { useBox } from "./context";
import { useLasting } from "./hooks";
import { Icon } from "./icons";

const TROUBLE_AFTER = 2_000;

export function Header({ state, onClose, onGoOn }: { state: State; onClose: (() => void) | null; onGoOn: (app: App) => void }) {
  const { say, address } = useBox();
  const [logo, setLogo] = useState(true);
  const name = state.shop.name || say("chat");
  const source = state.shop.logo && logo ? address(state.shop.logo) : "";
  return (
    <header>
      <span class="logo" aria-hidden="true">
        {source ? <img src={source} alt="" onError={() => setLogo(false)} /> : <Icon name="leaf" />}
      </span>
      <div class="title">
        <h1 dir="auto">{name}</h1>
        {!state.owner && <p>{say("answersAtOnce")}</p>}
      </div>
      <Menu onGoOn={onGoOn} />
      {onClose && (
        <button type="button" class="round" aria-label={say("closeChat")} title={say("closeChat")} onClick={onClose}>
          <Icon name="close" />
        </button>
      )}
    </header>
  );
}

/** A person took over; and trouble with the connection, once it is worth a word. */
export function Banners({ state }: { state: State }) {
  const { say } = useBox();
  const trouble = useLasting(state.phase === "broken" || state.phase === "connecting", TROUBLE_AFTER);
  const owner = state.owner?.name;
  return (
    <>
      {owner && (
        <div class="banner owner" role="status">
          <span class="face staff" aria-hidden="true">
            {[...owner][0]?.toUpperCase()}
          </span>
          <span dir="auto">{say("withPerson", { name: owner })}</span>
        </div>
      )}
      {state.continues && (
        <div class="banner owner" role="status" dir="auto">
          {say("continuesIn", { app: state.continues })}
        </div>
      )}
      <div class="banner trouble" role="status" dir="auto" hidden={!trouble}>
        {trouble && (navigator.onLine === false ? say("offline") : say(state.phase === "broken" ? "reconnecting" : "connecting"))}
      </div>
    </>
  );
}

function Menu({ onGoOn }: { onGoOn: (app: App) => void }) {
  const { chat, say, lang } = useBox();
  const [open, setOpen] = useState(false);
  const [apps, setApps] = useState<readonly App[]>([]);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    void chat.apps().then(setApps);
    box.current?.querySelector<HTMLElement>("[aria-checked=true]")?.focus();
    const away = (event: Event): void => {
      if (box.current && !event.composedPath().includes(box.current)) setOpen(false);
    };
    addEventListener("pointerdown", away);
    return () => removeEventListener("pointerdown", away);
  }, [open]);
  const leave = (): void => {
    setOpen(false);
    box.current?.querySelector("button")?.focus();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (!open) return;
    if (event.key === "Tab") return setOpen(false);
    const items = Array.from(box.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? []);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") leave();
    else if (step) items[(items.findIndex((item) => item.matches(":focus")) + step + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="menu" ref={box} onKeyDown={onKey}>
      <button
        type="button"
        class="round"
        aria-label={say("menu")}
        title={say("menu")}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" />
      </button>
      {open && (
        <div role="menu" aria-label={say("menu")}>
          <small aria-hidden="true">{say("language")}</small>
          {(Object.keys(names) as Lang[]).map((code) => (
            <button
              key={code}
              type="button"
              role="menuitemradio"
              aria-checked={code === lang}
              lang={names[code].tag}
              tabIndex={-1}
              onClick={() => (chat.setLanguage(code), leave())}
            >
              <span>{names[code].label}</span>
              {code === lang && <Icon name="check" />}
            </button>
          ))}
          {apps.length > 0 && <small aria-hidden="true">{say("goOnIn")}</small>}
          {apps.map((app) => (
            <button key={app.account} type="button" role="menuitem" tabIndex={-1} onClick={() => (setOpen(false), onGoOn(app))}>
              <span>{app.name}</span>
              <Icon name="right" />
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
