// Builds messages for the tests: only what a test is about is said.

import type { Attachment, Button, Message, Session } from "../protocol";

export function message(seq: number, fields: Partial<Message> = {}): Message {
  return {
    seq,
    id: "",
    author: "bot",
    name: "",
    at: new Date(Date.UTC(2026, 0, 5, 9, seq)).toISOString(),
    text: `message ${seq}`,
    buttons: [],
    cards: [],
    summary: null,
    files: [],
    input: "",
    form: [],
    delivery: "",
    error: "",
    ...fields,
  };
}

export function messages(from: number, to: number): Message[] {
  return Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
}

export function button(label: string, data: string, fields: Partial<Button> = {}): Button {
  return { label, data, url: "", style: "", state: "", scans: false, ...fields };
}

export function attachment(id: number, fields: Partial<Attachment> = {}): Attachment {
  return {
    id,
    kind: "file",
    name: `file-${id}.pdf`,
    media_type: "application/pdf",
    size: 2048,
    state: "stored",
    width: 0,
    height: 0,
    url: `/files/${id}`,
    thumb: "",
    ...fields,
  };
}

export function session(fields: Partial<Session> = {}): Session {
  const list = fields.messages ?? [];
  const last = list[list.length - 1]?.seq ?? 0;
  return { token: "t1", lang: "en", shop: { name: "Leaf", logo: "" }, owner: null, continues: "", messages: list, last, more: false, ...fields };
}
