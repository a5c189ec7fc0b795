/** Which rows of a long list of equal heights are worth drawing. */

export type Slice = { from: number; to: number; before: number; total: number };

const SPARE = 8;

/** `before` is the space above the first drawn row, `total` the height of the whole list, in pixels. */
export function slice(count: number, height: number, top: number, viewport: number): Slice {
  const first = Math.max(0, Math.floor(top / height) - SPARE);
  const last = Math.min(count, Math.ceil((top + viewport) / height) + SPARE);
  return { from: Math.min(first, last), to: last, before: Math.min(first, last) * height, total: count * height };
}

/** As many elements as can be drawn at once: a row's place modulo this is never used twice. */
export function slotsFor(viewport: number, height: number): number {
  return Math.ceil(viewport / height) + 1 + 2 * SPARE;
}
