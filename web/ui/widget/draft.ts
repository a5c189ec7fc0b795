// The half-written message: survives closing the box, a reload, and a crash of the browser.

import type { Keep } from "./keep";

const PAUSE = 300;

export class Draft {
  text: string;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly keep: Keep) {
    this.text = keep.get("draft");
  }

  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(text: string): void {
    this.text = text;
    clearTimeout(this.timer);
    if (text) this.timer = setTimeout(() => this.save(), PAUSE);
    else this.save();
    for (const listener of this.listeners) listener();
  }

  save(): void {
    clearTimeout(this.timer);
    this.keep.set("draft", this.text);
  }
}
