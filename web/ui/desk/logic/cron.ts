/** A schedule a person can pick, and the five-field cron line it stands for. Weekdays are written by name: numbers mean different days to different parsers. */

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export type Picked =
  | { every: "day"; time: string }
  | { every: "week"; time: string; weekdays: Weekday[] }
  | { every: "month"; time: string; day: number };

/** "0 9 * * mon". */
export function toCron(picked: Picked): string {
  const [hour, minute] = clockParts(picked.time);
  if (picked.every === "day") return `${minute} ${hour} * * *`;
  if (picked.every === "month") return `${minute} ${hour} ${picked.day} * *`;
  return `${minute} ${hour} * * ${inOrder(picked.weekdays).join(",")}`;
}

/** Null when the line says more than the picker can show; the desk then shows the line itself. */
export function fromCron(line: string): Picked | null {
  const fields = line.trim().toLowerCase().split(/\s+/);
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  if (fields.length !== 5 || month !== "*" || !within(minute, 59) || !within(hour, 23)) return null;
  const time = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (day === "*" && weekday === "*") return { every: "day", time };
  if (day === "*") return weekly(weekday, time);
  return weekday === "*" && within(day, 31) && Number(day) > 0 ? { every: "month", time, day: Number(day) } : null;
}

function weekly(field: string, time: string): Picked | null {
  const weekdays = new Set<Weekday>();
  for (const part of field.split(",")) {
    const days = range(part);
    if (!days) return null;
    for (const day of days) weekdays.add(day);
  }
  return { every: "week", time, weekdays: inOrder([...weekdays]) };
}

/** "mon" or "mon-fri". */
function range(part: string): readonly Weekday[] | null {
  const [first = "", last = first, ...rest] = part.split("-");
  const from = WEEKDAYS.indexOf(first as Weekday);
  const to = WEEKDAYS.indexOf(last as Weekday);
  return rest.length === 0 && from >= 0 && to >= from ? WEEKDAYS.slice(from, to + 1) : null;
}

function inOrder(weekdays: readonly Weekday[]): Weekday[] {
  return WEEKDAYS.filter((day) => weekdays.includes(day));
}

function within(field: string, most: number): boolean {
  return /^\d{1,2}$/.test(field) && Number(field) <= most;
}

function clockParts(time: string): [number, number] {
  const [hour = "0", minute = "0"] = time.split(":");
  return [Number(hour), Number(minute)];
}
