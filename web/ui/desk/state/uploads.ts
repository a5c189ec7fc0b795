/** Files on their way into a message: checked before, shown with progress, retried or taken out. */
import { computed, reactive } from "vue";

import * as calls from "../api/calls";
import { ApiError } from "../api/client";
import { t } from "../i18n/words";
import { newId } from "../logic/ids";
import { bytes } from "../logic/numbers";
import { limits } from "./session";
import { problem } from "./toasts";

export type Upload = { key: string; file: File; share: number; id: number | null; error: string; preview: string };
type Running = Upload & { abort: AbortController };

export function useUploads(conversation: () => number | null) {
  const uploads = reactive<Running[]>([]);
  const busy = computed(() => uploads.some((upload) => upload.id === null && !upload.error));
  const failed = computed(() => uploads.some((upload) => upload.error !== ""));

  function add(files: Iterable<File>): void {
    for (const file of files) if (allowed(file, uploads.length)) start(file);
  }

  function start(file: File): void {
    const preview = file.type.startsWith("image/") ? URL.createObjectURL(file) : "";
    const made = { key: newId(), file, share: 0, id: null, error: "", preview, abort: new AbortController() };
    uploads.push(made);
    const upload = uploads.at(-1);
    if (upload) void run(upload);
  }

  async function run(upload: Running): Promise<void> {
    const id = conversation();
    if (id === null) return;
    Object.assign(upload, { error: "", share: 0 });
    try {
      const progress = (share: number): void => void (upload.share = share);
      upload.id = (await calls.uploadFile(id, upload.file, progress, upload.abort.signal)).id;
    } catch (error) {
      upload.error = error instanceof ApiError ? error.message : t("error.broken");
    }
  }

  function remove(key: string): void {
    const at = uploads.findIndex((upload) => upload.key === key);
    const [gone] = at < 0 ? [] : uploads.splice(at, 1);
    gone?.abort.abort();
    if (gone?.preview) URL.revokeObjectURL(gone.preview);
  }

  const retry = (key: string): void => {
    const upload = uploads.find((one) => one.key === key);
    if (upload) void run(upload);
  };
  const clear = (): void => [...uploads].forEach((upload) => remove(upload.key));
  const ready = (): { id: number; name: string }[] =>
    uploads.flatMap((upload) => (upload.id === null ? [] : [{ id: upload.id, name: upload.file.name }]));

  return { uploads, busy, failed, add, remove, retry, clear, ready };
}

function allowed(file: File, already: number): boolean {
  const { files, file_bytes: most } = limits.value;
  if (already >= files) problem(t("compose.toomany", { n: files }));
  else if (file.size > most) problem(t("compose.toolarge", { name: file.name, limit: bytes(most) }));
  else return true;
  return false;
}
