/** The open conversation: its messages without gaps, what is being sent, who types and who else looks. */
import { computed, reactive, shallowReactive, watch } from "vue";

import * as calls from "../api/calls";
import { ApiError } from "../api/client";
import type { CanSend, Message, Opened, Owner, Person, Row } from "../api/types";
import { newId } from "../logic/ids";
import { withOrder, withReview } from "../logic/person";
import { isOver } from "../logic/reach";
import * as rows from "../logic/rows";
import * as logic from "../logic/thread";
import { withFiles } from "../logic/timeline";
import { now } from "./clock";
import { receive } from "./inbox";
import * as live from "./live";
import { myId, onOtherStaff } from "./session";

type Thread = {
  id: number | null;
  loading: boolean;
  failed: string;
  row: Row | null;
  person: Person | null;
  dialog: Opened["dialog"];
  canSend: CanSend | null;
  /** What is written is left until the customer writes. */
  waits: boolean;
  messages: readonly Message[];
  outgoing: readonly logic.Outgoing[];
  /** There are messages before those shown, and behind them. */
  more: boolean;
  newer: boolean;
  /** The newest message that is known to exist; with `newer` it is not shown. */
  newest: number;
  /** A message that was looked for; `going` until the list has gone there. */
  sought: number | null;
  going: boolean;
  fetching: boolean;
  typing: string;
  viewers: readonly Owner[];
};

const EMPTY: Thread = {
  id: null,
  loading: false,
  failed: "",
  row: null,
  person: null,
  dialog: null,
  canSend: null,
  waits: false,
  messages: [],
  outgoing: [],
  more: false,
  newer: false,
  newest: 0,
  sought: null,
  going: false,
  fetching: false,
  typing: "",
  viewers: [],
};

export const thread = shallowReactive<Thread>({ ...EMPTY });

export type Mode = "mine" | "bot" | "colleague" | "elsewhere";
export const mode = computed<Mode>(() => {
  const owner = thread.row?.owner;
  if (thread.row && rows.isElsewhere(thread.row, now.value)) return "elsewhere";
  if (!owner) return "bot";
  return owner.id === myId.value ? "mine" : "colleague";
});
export const mayWrite = computed(() => mode.value === "mine" && (thread.canSend?.ok !== false || thread.waits));
export const others = computed(() => thread.viewers.filter((viewer) => viewer.id !== myId.value));

/** Unsent messages stay with their conversation when another one is opened. */
const unsent = reactive(new Map<number, readonly logic.Outgoing[]>());

/** Its newest messages; `sought` is one that is gone to next, see `openAt`. */
export async function openThread(id: number, sought: number | null = null): Promise<void> {
  leave();
  early = [];
  Object.assign(thread, { ...EMPTY, id, sought, going: sought !== null, outgoing: unsent.get(id) ?? [] });
  live.view(id);
  opening = fetchThread(id);
  await opening;
}

/** The end of what was opened last. */
let opening: Promise<void> = Promise.resolve();

export function leave(): void {
  if (thread.id === null) return;
  live.view(null);
  Object.assign(thread, EMPTY);
}

let turn = 0;

/** An answer that comes after a later question, also one for the same conversation, is dropped. */
async function fetchThread(id: number): Promise<void> {
  turn += 1;
  const mine = turn;
  const isWanted = (): boolean => thread.id === id && mine === turn;
  thread.loading = true;
  try {
    const opened = await calls.conversation(id);
    if (!isWanted()) return;
    show(opened);
    seen();
  } catch (error) {
    if (isWanted()) thread.failed = error instanceof ApiError ? error.message : String(error);
  } finally {
    if (isWanted()) thread.loading = false;
  }
}

function show(opened: Opened): void {
  keepFacts(opened);
  Object.assign(thread, { messages: logic.merged(opened.messages, early), more: opened.more, failed: "" });
  early = [];
  thread.newest = thread.messages.at(-1)?.seq ?? 0;
  settle(thread.messages);
}

function keepFacts(opened: Opened): void {
  const row = rows.later(thread.row, opened.row);
  Object.assign(thread, { row, dialog: opened.dialog, canSend: opened.can_send, person: opened.contact });
}

function settle(stored: readonly Message[]): void {
  thread.outgoing = logic.unsettled(thread.outgoing, stored);
  if (thread.id !== null) unsent.set(thread.id, thread.outgoing);
}

/** Everything after the last known message, and the facts that may have changed meanwhile. */
export async function catchUp(): Promise<void> {
  const { id } = thread;
  if (id === null) return;
  await opening;
  if (thread.id !== id) return;
  const last = thread.messages.at(-1)?.seq;
  if (last === undefined) return (opening = fetchThread(id));
  if (!thread.newer) await fill(id, last);
  await refreshFacts();
}

async function fill(id: number, after: number): Promise<void> {
  for (let from = after, more = true; more; ) {
    const page = await calls.messagesAfter(id, from);
    if (thread.id !== id) return;
    add(page.messages);
    from = page.messages.at(-1)?.seq ?? from;
    more = page.more && page.messages.length > 0;
  }
}

/** The row, the dialog, the reply window and the person again, without touching the messages. */
export async function refreshFacts(): Promise<void> {
  const { id } = thread;
  if (id === null) return;
  const opened = await calls.conversation(id);
  if (thread.id === id) keepFacts(opened);
}

const FACTS_AFTER_MS = 400;
let factsTimer = 0;

/** With what is said the open question changes, and what may be sent: looked up once there is a pause. */
function factsSoon(): void {
  window.clearTimeout(factsTimer);
  factsTimer = window.setTimeout(() => void refreshFacts().catch(() => undefined), FACTS_AFTER_MS);
}

/** What is new counts, and is shown unless it lies behind the part that is. */
function add(messages: readonly Message[]): void {
  const last = thread.messages.at(-1)?.seq ?? 0;
  const here = thread.newer ? messages.filter((message) => message.seq <= last) : messages;
  thread.messages = logic.merged(thread.messages, here);
  if (thread.id !== null && thread.person) thread.person = withFiles(thread.person, thread.id, messages);
  thread.newest = Math.max(thread.newest, messages.at(-1)?.seq ?? 0);
  settle(messages);
}

export async function markRead(): Promise<void> {
  const { id } = thread;
  if (id === null || !thread.row?.unread) return;
  changed((await calls.read(id)).row);
}

/** What is on the screen counts as read. */
function seen(): void {
  if (document.visibilityState === "visible") void markRead().catch(() => undefined);
}

function changed(row: Row): void {
  if (thread.id === row.id) thread.row = rows.later(thread.row, row);
  receive(row);
}

/** An ApiError 409 `taken` when a colleague was quicker. */
export async function take(force = false): Promise<void> {
  if (thread.id === null) return;
  changed((await calls.take(thread.id, force)).row);
}

export async function give(): Promise<void> {
  if (thread.id === null) return;
  changed((await calls.give(thread.id)).row);
}

export async function closeConversation(): Promise<void> {
  if (thread.id === null) return;
  changed((await calls.close(thread.id)).row);
}

/** With `wait` it may be left until the customer writes. */
export async function say(
  text: string,
  files: readonly { id: number; name: string }[],
  note: boolean,
  wait = false,
): Promise<void> {
  const made: logic.Outgoing = {
    id: newId(),
    text,
    files: files.map((file) => file.id),
    names: files.map((file) => file.name),
    note,
    wait,
    at: new Date().toISOString(),
    state: "sending",
    error: "",
  };
  await send(made);
}

/** The same id again: if the first attempt did arrive, it is the same message. */
export async function send(message: logic.Outgoing): Promise<void> {
  const { id } = thread;
  if (id === null) return;
  replace(id, { ...message, state: "sending", error: "" });
  try {
    const { text, note, wait } = message;
    const answer = await calls.say(id, { id: message.id, text, note, wait, files: [...message.files] });
    if (thread.id === id) arrived(answer.message);
    else unsent.set(id, (unsent.get(id) ?? []).filter((known) => known.id !== message.id));
  } catch (error) {
    replace(id, { ...message, state: "failed", error: error instanceof ApiError ? error.message : "" });
    if (error instanceof ApiError && error.status === 409 && thread.id === id) factsSoon();
  }
}

export function discard(message: logic.Outgoing): void {
  thread.outgoing = thread.outgoing.filter((known) => known.id !== message.id);
  settle([]);
}

function replace(id: number, message: logic.Outgoing): void {
  const known = unsent.get(id) ?? [];
  const next = known.some((one) => one.id === message.id)
    ? known.map((one) => (one.id === message.id ? message : one))
    : [...known, message];
  unsent.set(id, next);
  if (thread.id === id) thread.outgoing = next;
}

/** Messages that overtook the answer they are not part of. */
let early: Message[] = [];

/** A message came: shown at once, and if one before it is missing, that one is fetched. */
function arrived(message: Message): void {
  const { id } = thread;
  if (id === null) return;
  if (thread.loading) {
    early.push(message);
    return;
  }
  add([message]);
  if (message.author === "customer") thread.typing = "";
  if (SPOKEN.has(message.author)) factsSoon();
  const hole = logic.gap(thread.messages);
  if (hole !== null) void fill(id, hole);
}

const SPOKEN: ReadonlySet<string> = new Set(["customer", "bot", "staff"]);
/** What has left counts against the window, and what could not leave tells that it is closed; later steps change nothing. */
const COUNTED: ReadonlySet<string> = new Set(["sent", "held", "failed"]);

function updated(message: Message): void {
  const known = thread.messages.find((one) => one.seq === message.seq);
  if (!known) return;
  add([message]);
  if (known.delivery !== message.delivery && COUNTED.has(message.delivery)) factsSoon();
}

let typingTimer = 0;

function showTyping(name: string): void {
  thread.typing = name;
  window.clearTimeout(typingTimer);
  typingTimer = window.setTimeout(() => (thread.typing = ""), 5000);
}

document.addEventListener("visibilitychange", seen);
onOtherStaff(forget);

/** Whoever logs in next finds nothing of whoever was here before. */
function forget(): void {
  leave();
  unsent.clear();
}

live.on("message", (data) => {
  if (data.conversation_id === thread.id) arrived(data.message);
});
live.on("update", (data) => {
  if (data.conversation_id === thread.id) updated(data.message);
});
live.on("typing", (data) => {
  const owner = thread.row?.owner;
  if (data.conversation_id !== thread.id) return;
  if (data.who === "customer") showTyping(thread.row?.name ?? "");
  else if (data.who === "staff" && owner && owner.id !== myId.value) showTyping(owner.name);
});
live.on("viewers", (data) => {
  if (data.conversation_id === thread.id) thread.viewers = data.staff;
});
live.on("row", (row) => {
  if (row.id !== thread.id || !thread.row || rows.later(thread.row, row) !== row) return;
  const owned = thread.row.owner?.id !== row.owner?.id;
  thread.row = row;
  seen();
  // The open question and the reply window change with the owner.
  if (owned) void refreshFacts();
});
live.on("order", (order) => {
  if (thread.person) thread.person = withOrder(thread.person, order);
});
live.on("review", (review) => {
  if (thread.person) thread.person = withReview(thread.person, review);
});
watch(now, (at) => {
  if (isOver(thread.canSend, at)) factsSoon();
});
live.onReturn(() => void catchUp().catch(() => undefined));
