/** Short notices: what succeeded, and why something did not. */
import { ElMessage } from "element-plus/es/components/message/index.mjs";

import { ApiError } from "../api/client";
import { t } from "../i18n/words";

export function done(text: string): void {
  ElMessage({ message: text, type: "success", plain: true, grouping: true, duration: 2500, offset: 20 });
}

export function problem(text: string): void {
  ElMessage({ message: text, type: "error", plain: true, grouping: true, duration: 6000, offset: 20, showClose: true });
}

/** The server's own sentence; a 401 shows nothing, because the login page appears. */
export function tell(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) return;
  if (error instanceof DOMException && error.name === "AbortError") return;
  problem(error instanceof ApiError ? error.message : t("error.broken"));
}

/** Runs `work`; false when it failed, and the reader has been told. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    tell(error);
    return false;
  }
}
