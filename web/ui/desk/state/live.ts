/** The socket of the desk: typed events in, one callback when there is a connection. */
import { io, type Socket } from "socket.io-client";
import { ref } from "vue";

import type { Counts, Message, OrderRow, Owner, ReviewRow, Row, Run } from "../api/types";

export type Events = {
  row: (row: Row) => void;
  message: (data: { conversation_id: number; message: Message }) => void;
  update: (data: { conversation_id: number; message: Message }) => void;
  typing: (data: { conversation_id: number; who: string }) => void;
  order: (order: OrderRow) => void;
  review: (review: ReviewRow) => void;
  run: (run: Run) => void;
  failure: (data: { count: number }) => void;
  counts: (counts: Counts) => void;
  viewers: (data: { conversation_id: number; staff: Owner[] }) => void;
};
type Sent = { view: (data: { conversation_id: number | null }) => void };

const BANNER_AFTER_MS = 2000;
const AGAIN_AFTER_MS = 1000;

/** True once the connection has been away for two seconds. */
export const disconnected = ref(false);

let socket: Socket<Events, Sent> | null = null;
let timer = 0;
let seen: number | null = null;
const listeners: { [name in keyof Events]?: Set<Events[name]> } = {};
const returned = new Set<() => void>();
const refused = new Set<() => void>();

export function connect(): void {
  if (socket) return;
  socket = io("/desk", { transports: ["websocket", "polling"], reconnectionDelayMax: 5000 });
  socket.on("connect", () => {
    up();
    // At the first time, too: a page may have been read before the socket heard anything.
    for (const callback of returned) callback();
  });
  socket.on("disconnect", (reason) => {
    down();
    // The client comes back by itself only from a lost network, not from a goodbye.
    if (reason === "io server disconnect") again();
  });
  socket.on("connect_error", (error: Error & { data?: { code?: string } }) => {
    down();
    if (error.data?.code === "unauthorised") for (const callback of refused) callback();
    else if (!socket?.active) again();
  });
  for (const name of Object.keys(listeners) as (keyof Events)[]) attach(name);
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
}

export function hangUp(): void {
  document.removeEventListener("visibilitychange", wake);
  window.removeEventListener("online", wake);
  socket?.disconnect();
  socket = null;
  window.clearTimeout(timer);
  disconnected.value = false;
}

function again(): void {
  window.setTimeout(() => socket?.connect(), AGAIN_AFTER_MS);
}

/** The same socket anew: the server reads the account's language when a socket opens. */
export function reconnect(): void {
  socket?.disconnect().connect();
}

/** A laptop that wakes should not wait for the next attempt. */
function wake(): void {
  if (document.visibilityState === "visible" && socket && !socket.connected) socket.connect();
}

function up(): void {
  window.clearTimeout(timer);
  timer = 0;
  disconnected.value = false;
  socket?.emit("view", { conversation_id: seen });
}

function down(): void {
  if (!timer) timer = window.setTimeout(() => (disconnected.value = true), BANNER_AFTER_MS);
}

/** Calls `listener` for each event until the returned function is called. */
export function on<Name extends keyof Events>(name: Name, listener: Events[Name]): () => void {
  let set = listeners[name];
  if (!set) {
    set = new Set<Events[Name]>() as NonNullable<typeof set>;
    listeners[name] = set;
    attach(name);
  }
  set.add(listener);
  return () => void set.delete(listener);
}

function attach(name: keyof Events): void {
  socket?.on(name, ((data: never) => {
    for (const listener of listeners[name] ?? []) (listener as (data: never) => void)(data);
  }) as never);
}

/** Calls `callback` whenever there is a connection, the first or one that is back: what was missed must be fetched. */
export function onReturn(callback: () => void): () => void {
  returned.add(callback);
  return () => void returned.delete(callback);
}

/** Calls `callback` when the server says that the session is over. */
export function onRefused(callback: () => void): () => void {
  refused.add(callback);
  return () => void refused.delete(callback);
}

/** Tells colleagues which conversation is on this screen. */
export function view(conversation: number | null): void {
  seen = conversation;
  socket?.emit("view", { conversation_id: conversation });
}
