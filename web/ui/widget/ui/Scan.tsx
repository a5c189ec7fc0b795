// What to scan to pay, where the screen is no phone's: the server says. It goes with its link, which is paid or over.

import { useEffect, useState } from "preact/hooks";
import type { Ack, Button, PayCode, Picture } from "../protocol";
import { useBox } from "./context";
import { clock } from "./format";

export function Scan({ url }: Button) {
  const { chat, lang } = useBox();
  const [code, setCode] = useState<Ack<PayCode> | null>(); // undefined while nobody has answered
  useEffect(() => {
    if (code === undefined) return void chat.payCode(url).then(setCode);
    const timer = code?.ok && code.qr ? setTimeout(setCode, code.seconds * 1000) : 0;
    return () => clearTimeout(timer);
  }, [code]);
  if (!code?.ok || !code.qr) return null;
  return (
    <div class="single card">
      <Qr qr={code.qr} label={code.title} />
      <div class="about">
        <strong>{code.title}</strong>
        <p>{code.text.replace("{time}", clock(new Date(code.until), lang))}</p>
      </div>
    </div>
  );
}

/** Dark on light in every scheme: most apps read no other. */
export function Qr({ qr, label }: { qr: Picture; label: string }) {
  return (
    <svg viewBox={`0 0 ${qr.size} ${qr.size}`} role="img" aria-label={label}>
      <rect width="100%" height="100%" fill="#fff" />
      <path d={qr.path} />
    </svg>
  );
}
