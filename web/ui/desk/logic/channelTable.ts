/** What a channel can do, read out of the server's table without trusting its shape. */

export type ChannelRow = {
  account: string;
  channel: string;
  state: string;
  problem: string;
  buttons: number;
  text: number;
  files: boolean;
  windowMinutes: number | null;
};

type Loose = Record<string, unknown>;

const record = (value: unknown): Loose => (typeof value === "object" && value !== null ? (value as Loose) : {});
const number = (value: unknown): number => (typeof value === "number" ? value : 0);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** `{items|channels|accounts: [...]}` or a bare list. */
export function channelRows(answer: unknown): ChannelRow[] {
  const body = record(answer);
  const list = [answer, body["items"], body["channels"], body["accounts"]].find(Array.isArray) as unknown[] | undefined;
  return (list ?? []).map(row);
}

function row(value: unknown): ChannelRow {
  const given = record(value);
  const can = { ...given, ...record(given["capabilities"]) } as Loose;
  const account = text(given["account"]) || text(given["name"]);
  return {
    account,
    channel: text(can["channel"]) || account,
    state: text(given["state"]) || "ok",
    problem: text(given["problem"]) || text(given["error"]),
    buttons: number(can["buttons"]),
    text: number(can["text_limit"]),
    files: can["files"] !== false,
    windowMinutes: typeof can["reply_window"] === "number" ? Math.round(can["reply_window"] / 60) : null,
  };
}
