// Files on their way: each is uploaded at once, can fail, be retried or removed, and joins a message only when it is stored.

import type { Attachment } from "./protocol";

export interface Upload {
  readonly id: string;
  readonly file: File;
  /** A local picture of it (object URL), or "". */
  readonly preview: string;
  readonly state: "waiting" | "uploading" | "stored" | "failed";
  /** 0 to 1. */
  readonly progress: number;
  readonly attachment: Attachment | null;
  readonly error: string;
}

/** Thrown by a `Post`; `offline` means that the same may work as soon as there is a connection. */
export class UploadFailed extends Error {
  constructor(
    message: string,
    readonly offline: boolean,
  ) {
    super(message);
  }
}

export type Post = (file: File, token: string, onProgress: (share: number) => void, stop: AbortSignal) => Promise<Attachment>;

export interface UploadPort {
  post: Post;
  /** "" while there is no connection: uploads wait. */
  credential: () => string;
  preview: (file: File) => string;
  release: (preview: string) => void;
  newId: () => string;
}

const AT_ONCE = 2;

export class Uploads {
  list: readonly Upload[] = [];
  private readonly stops = new Map<string, AbortController>();
  private readonly listeners = new Set<() => void>();

  constructor(private readonly port: UploadPort) {}

  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  add(files: readonly File[]): void {
    const added = files.map((file): Upload => {
      const preview = file.type.startsWith("image/") ? this.port.preview(file) : "";
      return { id: this.port.newId(), file, preview, state: "waiting", progress: 0, attachment: null, error: "" };
    });
    this.set([...this.list, ...added]);
    this.resume();
  }

  retry(id: string): void {
    this.change(id, { state: "waiting", progress: 0, error: "" });
    this.resume();
  }

  remove(id: string): void {
    this.stops.get(id)?.abort();
    const gone = this.list.find((one) => one.id === id);
    if (gone?.preview) this.port.release(gone.preview);
    this.set(this.list.filter((one) => one.id !== id));
    this.resume();
  }

  /** Starts what waits; called again when the connection is back. */
  resume(): void {
    const token = this.port.credential();
    let free = AT_ONCE - this.list.filter((one) => one.state === "uploading").length;
    for (const upload of this.list) {
      if (!token || free <= 0) return;
      if (upload.state !== "waiting") continue;
      free -= 1;
      void this.run(upload, token);
    }
  }

  /** All stored: their attachments, and the tray is empty again. */
  take(): Attachment[] {
    const stored = this.list.flatMap((one) => (one.attachment ? [one.attachment] : []));
    for (const one of this.list) if (one.preview) this.port.release(one.preview);
    this.set([]);
    return stored;
  }

  /** "stored" when every file is; "failed" when one needs the visitor. */
  get state(): "empty" | "busy" | "failed" | "stored" {
    if (this.list.length === 0) return "empty";
    if (this.list.some((one) => one.state === "failed")) return "failed";
    return this.list.every((one) => one.state === "stored") ? "stored" : "busy";
  }

  private async run({ id, file }: Upload, token: string): Promise<void> {
    const stop = new AbortController();
    this.stops.set(id, stop);
    this.change(id, { state: "uploading" });
    try {
      const attachment = await this.port.post(file, token, (progress) => this.change(id, { progress }), stop.signal);
      this.change(id, { state: "stored", progress: 1, attachment });
    } catch (error) {
      const offline = error instanceof UploadFailed && error.offline && !this.port.credential();
      const text = error instanceof Error ? error.message : "";
      this.change(id, offline ? { state: "waiting", progress: 0 } : { state: "failed", error: text });
    }
    this.stops.delete(id);
    this.resume();
  }

  private change(id: string, fields: Partial<Upload>): void {
    this.set(this.list.map((one) => (one.id === id ? { ...one, ...fields } : one)));
  }

  private set(list: readonly Upload[]): void {
    this.list = list;
    for (const listener of this.listeners) listener();
  }
}
