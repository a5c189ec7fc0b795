// Going on in another app: the link for this device, a code to scan for another one, and words to type.

import { useEffect, useState } from "preact/hooks";
import type { Ack, App, Way } from "../protocol";
import { useBox } from "./context";
import { FULL_SCREEN } from "./hooks";
import { Icon } from "./icons";
import { Qr } from "./Scan";

export function GoOn({ app, onClose }: { app: App; onClose: () => void }) {
  const { chat, say } = useBox();
  const [way, setWay] = useState<Ack<Way> | null>(); // undefined while nobody has answered
  useEffect(() => {
    if (way === undefined) return void chat.goOn(app.account).then(setWay);
    // A picture of a code whose time is over is scanned in vain.
    const timer = way?.ok && way.minutes ? setTimeout(setWay, way.minutes * 60_000) : 0;
    return () => clearTimeout(timer);
  }, [way]);
  return (
    <div class="goon" role="dialog" aria-label={app.name}>
      <button type="button" class="round" aria-label={say("back")} autofocus onClick={onClose}>
        <Icon name="left" />
      </button>
      <h2>{app.name}</h2>
      {way?.ok ? (
        <WayThere way={way} />
      ) : (
        <>
          <p role="alert">{way === undefined ? say("connecting") : (way?.error.text ?? say("notReached"))}</p>
          {way !== undefined && (
            <button type="button" class="plain" onClick={() => setWay(undefined)}>
              {say("retry")}
            </button>
          )}
        </>
      )}
    </div>
  );
}

/** On a phone the link comes first, and what is for another device only when asked for. */
function WayThere({ way: { link, qr, typed, words } }: { way: Way }) {
  const [picture, setPicture] = useState(!(link && matchMedia(FULL_SCREEN).matches));
  return (
    <>
      {qr && picture && (
        <>
          <Qr qr={qr} label={words.scan} />
          <p>
            <b>{words.scan}</b> {words.care}
          </p>
        </>
      )}
      {link && (
        <a href={link} target="_blank" rel="noopener noreferrer">
          {words.open}
        </a>
      )}
      {qr && !picture && (
        <button type="button" class="plain" onClick={() => setPicture(true)}>
          {words.show}
        </button>
      )}
      {typed && (
        <p>
          {words.type} <code>{typed}</code> {words.good}
        </p>
      )}
    </>
  );
}
