/** What the list shows of a conversation's last message: its words, and what came with them. */

export type Preview = { words: string; attached: "" | "image" | "file" };

/** The server closes the text with a mark for each file, whatever the language. */
const MARKS = /(?:^|\s)((?:🖼|📎)+)$/u;

export function previewOf(text: string): Preview {
  const marks = MARKS.exec(text);
  if (!marks) return { words: text, attached: "" };
  const attached = marks[1]?.includes("📎") ? "file" : "image";
  return { words: text.slice(0, marks.index).trim(), attached };
}
