// What to scan to pay, where the screen is no phone's: the server says. It goes with its link, which is paid or over.

import { useEffect, useState } from "preact/hooks";
import type { Button, PayCode, Picture } from "../protocol";
import { useBox } from "./context";
import { clock } from "./format";

// Seconds until it is asked for again where nobody has answered; what is shown stays meanwhile.
const AGAIN = 30;

export function Scan({ url }: Button) {
  const { chat, lang } = useBox();
  const [code, setCode] = useState<PayCode>();
  const [times, ask] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    void chat.payCode(url).then((told) => {
      if (told?.ok) setCode(told);
      const rest = told?.ok ? told.qr && told.seconds : AGAIN;
      if (rest) timer = setTimeout(() => ask(times + 1), rest * 1000);
    });
    return () => clearTimeout(timer);
  }, [times]);
  if (!code?.qr) return null;
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
