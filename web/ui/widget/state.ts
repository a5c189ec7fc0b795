// Everything the chat box shows follows from one State; `reduce` is the only thing that changes it.

import * as outboxes from "./outbox";
import type { Outbox, Pending } from "./outbox";
import type { Limits, Message, Owner, Session, Typing } from "./protocol";
import * as timelines from "./timeline";
import type { Timeline } from "./timeline";
import { pickLanguage, type Lang } from "./words";

/** `idle`: nobody opened the box yet, so nothing was asked of the server. */
export type Phase = "idle" | "connecting" | "online" | "broken";

export interface State {
  readonly phase: Phase;
  readonly open: boolean;
  readonly timeline: Timeline;
  readonly outbox: Outbox;
  readonly owner: Owner | null;
  readonly continues: string;
  readonly typing: Typing | null;
  /** The newest `seq` that the visitor has seen. */
  readonly read: number;
  readonly lang: Lang;
  readonly shop: { readonly name: string; readonly logo: string };
  readonly limits: Limits;
  readonly loadingOlder: boolean;
}

export const defaultLimits: Limits = { text: 4000, files: 10, file_bytes: 20 << 20, image_bytes: 20 << 20 };

export type Action =
  | { type: "phase"; phase: Phase }
  | { type: "open"; open: boolean }
  | { type: "session"; session: Session; fresh: boolean }
  | { type: "message"; messages: readonly Message[] }
  | { type: "lighten" }
  | { type: "later"; messages: Message[]; more: boolean }
  | { type: "loading-older" }
  | { type: "earlier"; messages: Message[]; more: boolean }
  | { type: "owner"; owner: Owner | null }
  | { type: "continues"; continues: string }
  | { type: "typing"; typing: Typing | null }
  | { type: "read"; seq: number }
  | { type: "lang"; lang: Lang }
  | { type: "shop"; name: string; limits: Limits }
  | { type: "forget" }
  | { type: "queue"; item: Pending }
  | { type: "sending" | "kept" | "requeue-one" | "remove"; id: string }
  | { type: "failed"; id: string; error: string }
  | { type: "retry"; id: string; now: number }
  | { type: "stored"; outbox: Outbox };

export function initial(lang: Lang, name: string, outbox: Outbox, read: number): State {
  return {
    phase: "idle",
    open: false,
    timeline: timelines.empty,
    outbox,
    owner: null,
    continues: "",
    typing: null,
    read,
    lang,
    shop: { name, logo: "" },
    limits: defaultLimits,
    loadingOlder: false,
  };
}

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "phase":
      return withPhase(state, action.phase);
    case "open":
      return { ...state, open: action.open, timeline: timelines.lighten(state.timeline) };
    case "lighten":
      return { ...state, timeline: timelines.lighten(state.timeline) };
    case "session":
      return withSession(state, action.session, action.fresh);
    case "message":
      return withMessages(state, action.messages);
    case "later":
      return withTimeline(state, timelines.catchUp(state.timeline, action.messages, action.more));
    case "loading-older":
      return { ...state, loadingOlder: true };
    case "earlier":
      return { ...state, loadingOlder: false, timeline: timelines.prepend(state.timeline, action.messages, action.more) };
    case "owner":
      return { ...state, owner: action.owner };
    case "continues":
      return { ...state, continues: action.continues };
    case "queue": // who writes here is here again
      return { ...state, continues: "", outbox: withOutbox(state, action) };
    case "typing":
      return { ...state, typing: action.typing };
    case "read":
      return action.seq > state.read ? { ...state, read: action.seq } : state;
    case "lang":
      return { ...state, lang: action.lang };
    case "shop":
      return { ...state, limits: action.limits, shop: { ...state.shop, name: state.shop.name || action.name } };
    case "forget":
      return { ...state, timeline: timelines.empty, owner: null, continues: "", typing: null, read: 0, outbox: outboxes.onlyWords(state.outbox) };
    default:
      return { ...state, outbox: withOutbox(state, action) };
  }
}

type OutboxAction = Extract<Action, { type: "queue" | "sending" | "kept" | "requeue-one" | "remove" | "failed" | "retry" | "stored" }>;

function withOutbox({ outbox, timeline }: State, action: OutboxAction): Outbox {
  switch (action.type) {
    case "queue":
      return [...outbox, action.item];
    case "sending":
      return outboxes.change(outbox, action.id, { state: "sending" });
    case "kept":
      return outboxes.change(outbox, action.id, { state: "kept" });
    case "requeue-one":
      return outboxes.change(outbox, action.id, { state: "queued" });
    case "failed":
      return outboxes.change(outbox, action.id, { state: "failed", error: action.error });
    case "retry":
      return outboxes.retry(outbox, action.id, action.now);
    case "remove":
      return outbox.filter((item) => item.id !== action.id);
    case "stored":
      return outboxes.mergeStored(outbox, action.outbox, timeline.messages);
  }
}

function withPhase(state: State, phase: Phase): State {
  if (phase === "broken") return { ...state, phase, typing: null, loadingOlder: false, outbox: outboxes.requeue(state.outbox) };
  return { ...state, phase };
}

function withSession(state: State, session: Session, fresh: boolean): State {
  const timeline = fresh
    ? timelines.start(session.messages, session.last, session.more)
    : timelines.catchUp(state.timeline, session.messages, session.more);
  const next: State = {
    ...state,
    phase: "online",
    owner: session.owner,
    continues: session.continues,
    typing: null,
    lang: pickLanguage(session.lang, state.lang),
    shop: { name: state.shop.name || session.shop.name, logo: session.shop.logo },
    outbox: outboxes.adopt(outboxes.requeue(state.outbox)),
  };
  return withTimeline(next, timeline);
}

function withMessages(state: State, messages: readonly Message[]): State {
  const next = withTimeline(state, timelines.receive(state.timeline, messages));
  return messages.every((message) => message.author === "customer") ? next : { ...next, typing: null };
}

function withTimeline(state: State, timeline: Timeline): State {
  return { ...state, timeline, outbox: outboxes.settle(state.outbox, timeline.messages) };
}

/** What the badge on the launcher says. */
export function unread(state: State): number {
  return state.timeline.messages.filter((message) => message.seq > state.read && message.author !== "customer").length;
}
