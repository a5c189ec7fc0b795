/** A list of things that have an id, as a value. */

/** The row replaced in its place, or first when it is new. */
export function withRow<T extends { id: number }>(rows: readonly T[], row: T): T[] {
  return rows.some((known) => known.id === row.id)
    ? rows.map((known) => (known.id === row.id ? row : known))
    : [row, ...rows];
}
