/** A text cut into plain parts and web addresses; nothing of it is ever markup. */

export type Part = { text: string; href: string };

const ADDRESS = /https?:\/\/[^\s<>"'（）。，；！？、》】」]+/g;

export function parts(text: string): Part[] {
  const found: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    // A full stop or a bracket at the end belongs to the sentence.
    const address = match[0].replace(/[.,;:!?)\]}]+$/, "");
    if (match.index > from) found.push({ text: text.slice(from, match.index), href: "" });
    found.push({ text: address, href: address });
    from = match.index + address.length;
  }
  if (from < text.length) found.push({ text: text.slice(from), href: "" });
  return found;
}
