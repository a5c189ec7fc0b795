// Says before anything is sent what the server would refuse, in words that help.

import type { Limits } from "./protocol";
import type { Say } from "./words";

export interface Checked {
  readonly accepted: File[];
  /** Whole sentences for the visitor, one for each thing that was left out. */
  readonly problems: string[];
}

export function checkFiles(files: readonly File[], already: number, limits: Limits, say: Say): Checked {
  const problems: string[] = [];
  const fitting = files.filter((file) => {
    const problem = fileProblem(file, limits, say);
    if (problem) problems.push(problem);
    return !problem;
  });
  const room = Math.max(0, limits.files - already);
  if (fitting.length > room) problems.push(say("tooManyFiles", { count: limits.files }));
  return { accepted: fitting.slice(0, room), problems };
}

function fileProblem(file: File, limits: Limits, say: Say): string {
  const limit = file.type.startsWith("image/") ? limits.image_bytes : limits.file_bytes;
  if (file.size === 0) return say("fileEmpty", { name: file.name });
  if (file.size <= limit) return "";
  return say("fileTooLarge", { name: file.name, size: fileSize(file.size), limit: fileSize(limit) });
}

/** Characters beyond the limit, counted as the server counts them; 0 when the text fits. */
export function excess(text: string, limits: Limits): number {
  return text.length <= limits.text ? 0 : Math.max(0, [...text].length - limits.text);
}

/** `1.4 MB`; kilobytes and megabytes of 1024. */
export function fileSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [value, unit] = bytes < 1 << 20 ? [bytes / 1024, "KB"] : [bytes / (1 << 20), "MB"];
  return `${value < 10 && value % 1 >= 0.05 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
