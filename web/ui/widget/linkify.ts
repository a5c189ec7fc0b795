// Finds web addresses in a text. The result is data; it is drawn as text nodes and checked links, never as markup.

export interface Piece {
  readonly text: string;
  /** An http or https address, or "" for plain text. */
  readonly href: string;
}

const ADDRESS = /https?:\/\/[^\s<>"'`，。！？；：、（）「」『』《》【】]+/gi;
const TRAILING = /[.,!?;:)\]}…]+$/;

export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trim(match[0]);
    const href = webAddress(address);
    if (!href) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index), href: "" });
    pieces.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), href: "" });
  return pieces;
}

/** `address` made absolute, or "" when it is not one that a browser may open (`javascript:`, `data:` …). */
export function webAddress(address: string, base?: string): string {
  try {
    const url = new URL(address, base);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : "";
  } catch {
    return "";
  }
}

/** Without the full stop of the sentence, but with a bracket that the address itself opened. */
function trim(found: string): string {
  let address = found;
  for (;;) {
    const tail = TRAILING.exec(address)?.[0];
    if (!tail) return address;
    const shorter = address.slice(0, -1);
    if (address.endsWith(")") && count(address, "(") >= count(address, ")")) return address;
    address = shorter;
  }
}

function count(text: string, letter: string): number {
  return text.split(letter).length - 1;
}
