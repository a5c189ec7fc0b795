// What survives a reload, shared by all tabs of one visitor: token, queue, draft, last seen, language. Works without storage, too.

import { change, type Outbox, type Pending } from "./outbox";

export type Slot = "token" | "outbox" | "draft" | "read" | "lang" | "wish" | "page";

/** The part of the browser's Storage that is needed. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export class Keep {
  private readonly memory = new Map<string, string>();

  /** `server` names the shop: two shops in one browser never see each other's things. */
  constructor(
    private readonly server: string,
    private readonly shelf: Shelf | null,
  ) {}

  get(slot: Slot): string {
    const key = this.key(slot);
    try {
      return this.shelf?.getItem(key) ?? this.memory.get(key) ?? "";
    } catch {
      return this.memory.get(key) ?? "";
    }
  }

  set(slot: Slot, value: string): void {
    const key = this.key(slot);
    this.memory.delete(key);
    try {
      if (!this.shelf) this.memory.set(key, value);
      else if (value) this.shelf.setItem(key, value);
      else this.shelf.removeItem(key);
    } catch {
      this.memory.set(key, value); // full, or forbidden by the visitor: this page still remembers
    }
  }

  /** Which of our slots a `storage` event is about; `null` when it is somebody else's. */
  slotOf(key: string | null): Slot | null {
    const prefix = this.key("" as Slot);
    return key?.startsWith(prefix) ? (key.slice(prefix.length) as Slot) : null;
  }

  outbox(): Outbox {
    try {
      const items: unknown = JSON.parse(this.get("outbox") || "[]");
      return Array.isArray(items) ? items.filter(isPending).sort((a, b) => a.at - b.at) : [];
    } catch {
      return [];
    }
  }

  /** Writes what changed between two states of this tab's queue, and leaves what other tabs wrote. */
  saveOutbox(before: Outbox, after: Outbox): void {
    if (before === after) return;
    let stored = this.outbox();
    for (const item of before) {
      if (!after.some((one) => one.id === item.id)) stored = stored.filter((one) => one.id !== item.id);
    }
    for (const item of after) stored = place(stored, item, before);
    this.set("outbox", stored.length ? JSON.stringify(stored) : "");
  }

  private key(slot: Slot): string {
    return `parley:${this.server}:${slot}`;
  }
}

function place(stored: Outbox, item: Pending, before: Outbox): Outbox {
  if (item.state === "kept") return stored.filter((one) => one.id !== item.id);
  const was = before.find((one) => one.id === item.id);
  const resting: Pending = { ...item, state: item.state === "failed" ? "failed" : "queued", foreign: false };
  if (!was) return stored.some((one) => one.id === item.id) ? stored : [...stored, resting];
  return was === item ? stored : change(stored, item.id, resting);
}

function isPending(item: unknown): item is Pending {
  const one = item as Partial<Pending> | null;
  return typeof one?.id === "string" && typeof one.at === "number" && typeof one.text === "string" && Array.isArray(one.files);
}
