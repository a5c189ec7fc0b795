/** Scrolling through a thread of any length: a part of it is held, older and newer pages come as they are reached. */
import * as calls from "../api/calls";
import type { Message } from "../api/types";
import * as logic from "../logic/thread";
import { openThread, thread } from "./thread";

/** So many messages are drawn at most. */
export const MOST = 400;
const KEEP = 150;
const LAST = 2 ** 31 - 1;
/** So many behind one that was looked for, half a page. */
const AHEAD = 25;

type Page = { messages: Message[]; more: boolean };

/** What came before; the newest ones make room. */
export async function earlier(): Promise<void> {
  const first = thread.messages[0]?.seq;
  if (first === undefined || !thread.more || thread.fetching) return;
  await fetched((id) => calls.messagesBefore(id, first), (page) => {
    const all = logic.merged(thread.messages, page.messages);
    const kept = logic.oldest(all, MOST);
    Object.assign(thread, { messages: kept, more: page.more, newer: thread.newer || kept.length < all.length });
  });
}

/** What comes next, once newer ones had to make room; the oldest ones make room in turn. */
export async function later(): Promise<void> {
  const last = thread.messages.at(-1)?.seq;
  if (last === undefined || !thread.newer || thread.fetching) return;
  await fetched((id) => calls.messagesAfter(id, last), (page) => {
    const all = logic.merged(thread.messages, page.messages);
    const kept = logic.trimmed(all, MOST, MOST);
    Object.assign(thread, { messages: kept, newer: page.more || behind(kept), more: thread.more || kept.length < all.length });
  });
}

/** The newest page, wherever the reader is. */
export async function latest(): Promise<void> {
  if (!thread.newer) return;
  await fetched((id) => calls.messagesBefore(id, LAST), (page) => {
    Object.assign(thread, { messages: page.messages, more: page.more, newer: behind(page.messages) });
  });
}

/** A conversation at its newest messages, or around one that was looked for. */
export async function openAt(id: number, seq: number | null): Promise<void> {
  await openThread(id, seq);
  if (seq !== null && thread.id === id && !thread.failed) await reach(seq);
}

/** The messages around one that was looked for, and the list goes there. */
export async function reach(seq: number): Promise<void> {
  Object.assign(thread, { sought: seq, going: true });
  if (thread.messages.some((message) => message.seq === seq)) return;
  await fetched((id) => calls.messagesBefore(id, seq + AHEAD), (page) => {
    Object.assign(thread, { messages: page.messages, more: page.more, newer: behind(page.messages) });
  });
}

/** One came while the page was on its way. */
function behind(messages: readonly Message[]): boolean {
  return (messages.at(-1)?.seq ?? 0) < thread.newest;
}

let turn = 0;

/** A page that comes after somebody asked for another one is dropped. */
async function fetched(ask: (id: number) => Promise<Page>, take: (page: Page) => void): Promise<void> {
  const { id } = thread;
  if (id === null) return;
  turn += 1;
  const mine = turn;
  thread.fetching = true;
  try {
    const page = await ask(id);
    if (thread.id === id && mine === turn) take(page);
  } finally {
    if (mine === turn) thread.fetching = false;
  }
}

/** A day-long thread stays light while its reader is at the bottom. */
export function lighten(): void {
  const kept = logic.trimmed(thread.messages, MOST, KEEP);
  if (kept !== thread.messages) Object.assign(thread, { messages: kept, more: true });
}
