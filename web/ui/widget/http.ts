// The chat box's plain HTTP calls: its configuration, and uploads (XMLHttpRequest, the only one that tells progress).

import type { ApiError, Attachment, ChatConfig } from "./protocol";
import { UploadFailed, type Post } from "./uploads";

/** `null` when the server cannot be reached: the defaults serve until then. */
export async function fetchConfig(server: string): Promise<ChatConfig | null> {
  try {
    const response = await fetch(`${server}/api/chat/config`, { credentials: "omit" });
    return response.ok ? ((await response.json()) as ChatConfig) : null;
  } catch {
    return null;
  }
}

/** `language` gives the one in which the server should word an error. */
export function poster(server: string, language: () => string): Post {
  return (file, token, onProgress, stop) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${server}/api/chat/files?name=${encodeURIComponent(file.name)}`);
      request.setRequestHeader("Authorization", `Bearer ${token}`);
      request.setRequestHeader("Accept-Language", language());
      request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
      request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
      request.onload = () => answered(request, resolve, reject);
      request.onerror = () => reject(new UploadFailed("", true));
      request.onabort = () => reject(new UploadFailed("", false));
      stop.addEventListener("abort", () => request.abort());
      request.send(file);
    });
}

function answered(request: XMLHttpRequest, resolve: (file: Attachment) => void, reject: (error: UploadFailed) => void): void {
  const body = decode(request.responseText);
  if (request.status >= 200 && request.status < 300 && body && "id" in body) return resolve(body);
  const text = body && "error" in body ? body.error.text : "";
  reject(new UploadFailed(text, false));
}

function decode(text: string): Attachment | { error: ApiError } | null {
  try {
    return JSON.parse(text) as Attachment | { error: ApiError };
  } catch {
    return null;
  }
}
