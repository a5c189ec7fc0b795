// A text as it was written: lines kept, addresses as links, never markup.

import { linkify } from "../linkify";

export function Text({ text }: { text: string }) {
  return (
    <div class="text" dir="auto">
      {linkify(text).map((piece) =>
        piece.href ? (
          <a href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </div>
  );
}
