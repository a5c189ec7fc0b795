// What to scan to pay, where the screen is no phone's: the server says. It goes with its link, which is paid or over.

import { useEffect, useState } from "preact/hooks";
import type { Ack, Button, PayCode, Picture } from "../protocol";
import { useBox } from "./context";
import { clock } from "./format";

export function Scan({ url }: Button) {
  const { chat, lang } = useBox();
  const [code, setCode] = useState<Ack<PayCode> | null>(null);
  useEffect(() => void chat.payCode(url).then(setCode), [url]);
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
