/** The pictures shown large, over everything. */
import { shallowReactive } from "vue";

import type { Attachment } from "../api/types";

export const lightbox = shallowReactive<{ addresses: string[]; at: number }>({ addresses: [], at: 0 });

export function enlarge(files: readonly Attachment[], chosen: Attachment): void {
  const pictures = files.filter((file) => file.kind === "image" && file.url);
  lightbox.addresses = pictures.map((file) => file.url);
  lightbox.at = Math.max(0, pictures.findIndex((file) => file.id === chosen.id));
}
