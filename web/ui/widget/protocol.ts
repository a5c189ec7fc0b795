// What the chat box and the server say to each other, exactly as in docs/web-api.md.

export interface Attachment {
  id: number;
  kind: "image" | "audio" | "video" | "file";
  name: string;
  media_type: string;
  size: number;
  state: "pending" | "stored" | "failed";
  width: number;
  height: number;
  url: string;
  thumb: string;
}

export interface Button {
  label: string;
  data: string;
  url: string;
  style: "" | "primary" | "danger";
  /** Of a link to pay: it was paid, or cannot be paid any more. */
  state: "" | "done" | "over";
  /** It leads to a payment for which there may be a picture to scan. */
  scans: boolean;
}

export interface Card {
  title: string;
  text: string;
  price: string;
  image: Attachment | null;
  buttons: Button[];
}

export interface Summary {
  title: string;
  lines: { label: string; amount: string }[];
  total: string;
}

export type Input = "" | "text" | "choice" | "stars" | "confirm" | "files";

/** A field of a form; `fills` is what a browser knows it as. */
export interface FormField {
  name: string;
  label: string;
  fills: string;
  value: string;
  problem: string;
  required: boolean;
  example: string;
  options: string[];
}

export interface Message {
  seq: number;
  /** The sender's client id, "" if none. */
  id: string;
  author: "customer" | "bot" | "staff" | "note" | "event";
  name: string;
  /** ISO 8601, UTC. */
  at: string;
  text: string;
  buttons: Button[];
  cards: Card[];
  summary: Summary | null;
  files: Attachment[];
  input: Input;
  /** The answer in parts, as lines of "label: value"; words will do as well. */
  form: FormField[];
  delivery: "" | "queued" | "held" | "sent" | "delivered" | "read" | "failed";
  error: string;
}

export interface Owner {
  name: string;
}

export interface Typing {
  who: "bot" | "staff";
  name: string;
}

/** One of the shop's other channels, as the visitor's language calls it. */
export interface App {
  account: string;
  name: string;
}

/** Modules on each side, and the dark ones as the path of an SVG. */
export interface Picture {
  size: number;
  path: string;
}

/** To be paid by who scans it until then (ISO 8601), in words where "{time}" is for the visitor's clock. */
export interface PayCode {
  /** null where there is nothing to scan; the link says why. */
  qr: Picture | null;
  title: string;
  text: string;
  until: string;
  /** After so many there is another one. */
  seconds: number;
}

/** `link` is for this device, `qr` for another one; `typed` are words to send instead, "" where nothing was said yet. */
export interface Way {
  link: string;
  typed: string;
  /** For how long the code of all three is good; 0 where there is none. */
  minutes: number;
  /** null where there is nothing to scan. */
  qr: Picture | null;
  /** What stands at each of them, in the visitor's language. */
  words: { open: string; show: string; scan: string; care: string; type: string; good: string };
}

export interface Session {
  token: string;
  lang: string;
  shop: { name: string; logo: string };
  owner: Owner | null;
  /** The name of the app where the talk goes on until the visitor writes here, or "". */
  continues: string;
  messages: Message[];
  last: number;
  more: boolean;
}

export interface ApiError {
  code: string;
  text: string;
  /** Seconds after which the same request may work. */
  retry?: number;
}

export type Ack<T = object> = ({ ok: true } & T) | { ok: false; error: ApiError };
export type Page = Ack<{ messages: Message[]; more: boolean }>;

/** What the browser sends as `message`: `data` makes it a tap, with the button's label as `text`. */
export interface Outgoing {
  id: string;
  text?: string;
  data?: string;
  label?: string;
  files?: number[];
}

export interface Limits {
  /** Characters. */
  text: number;
  /** Files in one message. */
  files: number;
  /** Bytes. */
  file_bytes: number;
  image_bytes: number;
}

export interface ChatConfig {
  shop: { name: string; color: string };
  languages: string[];
  limits: Limits;
}
