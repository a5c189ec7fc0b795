// The conversation itself: groups of bubbles, day lines, typing dots; older messages come when the reader scrolls up.

import { useEffect, useMemo } from "preact/hooks";
import type { State } from "../state";
import { entries, group, type Entry, type Group } from "../thread";
import { Cards, SummaryCard } from "./Cards";
import { Choices } from "./Choices";
import { useBox } from "./context";
import { Files } from "./Files";
import { Form } from "./Form";
import { clock, day } from "./format";
import { useScroll } from "./hooks";
import { Icon } from "./icons";
import { Scan } from "./Scan";
import { Text } from "./Text";

export function Thread({ state }: { state: State }) {
  const { chat, say } = useBox();
  const { timeline, outbox, typing, phase } = state;
  const groups = useMemo(() => group(entries(timeline.messages, outbox)), [timeline.messages, outbox]);
  const newest = timeline.messages[timeline.messages.length - 1]?.seq ?? 0;
  const scroll = useScroll(String(timeline.messages[0]?.seq ?? 0), outbox.length, () => void chat.loadOlder());
  useSeen(state, scroll.atBottom);
  useEffect(() => {
    if (scroll.atBottom) chat.lighten();
  }, [timeline.messages, scroll.atBottom]);
  useEffect(() => scroll.onScroll(), [timeline.older, phase]);
  const waiting = groups.length === 0 && phase !== "online" && chat.returning;
  return (
    <div class="view">
      <div
        class="thread"
        role="log"
        aria-live={state.loadingOlder ? "off" : "polite"}
        aria-label={say("chat")}
        tabIndex={0}
        ref={scroll.list}
        onScroll={scroll.onScroll}
      >
        <div class="content">
          {state.loadingOlder && <div class="skeleton older" aria-label={say("loadingOlder")} />}
          {waiting ? <Skeletons /> : groups.length === 0 && <Greeting />}
          {groups.map((one) => (
            <GroupView key={one.key} group={one} />
          ))}
          {typing && <Dots who={typing.who} name={typing.name} />}
        </div>
      </div>
      {!scroll.atBottom && (
        <button type="button" class="tobottom" aria-label={say("toBottom")} onClick={scroll.toBottom}>
          {newest > state.read && <span>{say("newMessages")}</span>}
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

/** What is on screen, in a tab that is looked at, is read. */
function useSeen(state: State, atBottom: boolean): void {
  const { chat } = useBox();
  useEffect(() => {
    const look = (): void => {
      if (atBottom && document.visibilityState === "visible") chat.seen();
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [state.timeline.messages, atBottom]);
}

function Greeting() {
  const { chat, say } = useBox();
  return (
    <div class="greeting">
      <span class="face bot">
        <Icon name="leaf" />
      </span>
      <h2>{say("greeting")}</h2>
      <p dir="auto">{say("greetingText")}</p>
      <button type="button" class="chip" onClick={() => chat.say(say("hello"))}>
        {say("sayHello")}
      </button>
    </div>
  );
}

function Skeletons() {
  return (
    <div class="waiting" aria-hidden="true">
      <i class="skeleton" />
      <i class="skeleton mine" />
      <i class="skeleton" />
    </div>
  );
}

function GroupView({ group: { author, name, at, day: first, entries: list } }: { group: Group }) {
  const { say, lang } = useBox();
  const mine = author === "customer";
  const who = mine ? say("you") : name || say("assistant");
  const last = list[list.length - 1] as Entry;
  return (
    <>
      {first && <div class="day">{day(first, new Date(), lang, say)}</div>}
      <div class={mine ? "group mine" : "group"}>
        {!mine && <Face author={author} name={name} />}
        <div class="lines">
          {author === "staff" ? <div class="name" dir="auto">{name}</div> : <span class="sr">{who}</span>}
          {list.map((entry) => (
            <EntryView key={entry.key} entry={entry} />
          ))}
          <div class="foot">
            <time dateTime={at.toISOString()}>{clock(at, lang)}</time>
            {mine && <Fate entry={last} />}
          </div>
        </div>
      </div>
    </>
  );
}

function Face({ author, name }: { author: string; name: string }) {
  const initial = [...name.trim()][0]?.toUpperCase();
  const staff = author === "staff" && initial;
  return (
    <span class={staff ? "face staff" : "face bot"} aria-hidden="true">
      {staff ? initial : <Icon name="leaf" />}
    </span>
  );
}

function EntryView({ entry }: { entry: Entry }) {
  const { message, pending } = entry;
  return (
    <div class={pending?.state === "failed" ? "entry failed" : "entry"}>
      {message.text && (
        <div class="bubble">
          <Text text={message.text} />
        </div>
      )}
      <Files message={message} />
      {message.summary && <SummaryCard summary={message.summary} />}
      {message.cards.length > 0 && <Cards message={message} />}
      {entry.scan && <Scan key={entry.scan.url} {...entry.scan} />}
      {message.buttons.length > 0 && <Choices entry={entry} />}
      {(message.form ?? []).length > 0 && entry.answer === null && <Form fields={message.form} seq={message.seq} />}
      {message.input === "files" && entry.answer === null && <FilesWanted />}
      {pending?.state === "failed" && <Failed id={pending.id} reason={pending.error} />}
    </div>
  );
}

function FilesWanted() {
  const { say, pickFiles } = useBox();
  return (
    <button type="button" class="wanted" onClick={pickFiles}>
      <Icon name="image" />
      {say("addFiles")}
    </button>
  );
}

function Failed({ id, reason }: { id: string; reason: string }) {
  const { chat, say } = useBox();
  return (
    <div class="problem" role="alert">
      <span>{`${say("failed")} ${reason}`.trim()}</span>
      <button type="button" onClick={() => chat.retry(id)}>
        {say("retry")}
      </button>
      <button type="button" onClick={() => chat.remove(id)}>
        {say("remove")}
      </button>
    </div>
  );
}

/** Where the visitor's message is: waiting, under way, or kept by the server. */
function Fate({ entry: { pending } }: { entry: Entry }) {
  const { chat, say } = useBox();
  if (pending?.state === "failed") return null;
  const kept = pending === null || pending.state === "kept";
  const words = kept ? "sent" : chat.state.phase === "online" ? "sending" : "waiting";
  return (
    <span class="fate">
      <Icon name={kept ? "check" : "clock"} />
      {words === "waiting" ? say(words) : <span class="sr">{say(words)}</span>}
    </span>
  );
}

function Dots({ who, name }: { who: string; name: string }) {
  const { say } = useBox();
  return (
    <div class="group">
      <Face author={who} name={name} />
      <div class="lines">
        <div class="bubble dots">
          <i />
          <i />
          <i />
          <span class="sr">{say("isTyping", { name: who === "staff" && name ? name : say("assistant") })}</span>
        </div>
      </div>
    </div>
  );
}
