// What every part of the box may need: the conversation, the words, and a few things to ask of the whole.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Chat } from "../chat";
import type { Message } from "../protocol";
import type { Lang, Say } from "../words";

export interface Box {
  chat: Chat;
  say: Say;
  lang: Lang;
  /** An address of the server's, absolute; "" when a browser may not open it. */
  address: (url: string) => string;
  pickFiles: () => void;
  /** Shows the pictures of a message, beginning with the one at `index`. */
  showImages: (message: Message, index: number) => void;
}

export const BoxContext = createContext<Box | null>(null);

export function useBox(): Box {
  const box = useContext(BoxContext);
  if (!box) throw new Error("useBox is called outside of the chat box");
  return box;
}
