// The conversation of one visitor: keeps the state right through lost connections, sleep, reloads and other tabs.

import type { Connect, Connection, Hello } from "./connection";
import type { Keep, Slot } from "./keep";
import { adopt, ADOPT_AFTER, compose, type Pending } from "./outbox";
import type { Ack, App, Attachment, ChatConfig, Message, PayCode, Session, Way } from "./protocol";
import { Sender } from "./sender";
import { initial, reduce, type Action, type State } from "./state";
import { hasGap, MOST } from "./timeline";
import { pickLanguage, type Lang } from "./words";

const TYPING_SHOWS = 5_000;
const TYPING_PAUSE = 3_000;
const OWN_COPY_DUE = 3_000;
const PROBE_PATIENCE = 3_000;
const SESSION_DUE = 10_000;
const REFUSED_PAUSE = 5_000;
const DOUBLE_TAP = 500;
/** Messages show as they come; of more than a few within so many milliseconds, the others show together. */
export const BREATH = 60;
const FEW = 4;

export interface Surroundings {
  connect: Connect;
  keep: Keep;
  /** The language before the server knows better. */
  lang: Lang;
  /** The shop's name from the script tag, or "". */
  name: string;
  newId: () => string;
  now: () => number;
}

export class Chat {
  state: State;
  private readonly connection: Connection;
  private readonly keep: Keep;
  private readonly listeners = new Set<(state: State) => void>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private token: string;
  private asked = 0;
  private readonly sender: Sender;
  private catching = false;
  private missing = false;
  private gathered: Message[] = [];
  private burst = 0;
  private lastTyping = 0;
  private lastTap = { data: "", at: 0 };

  constructor(private readonly around: Surroundings) {
    this.keep = around.keep;
    this.token = this.keep.get("token");
    this.followPage(around.lang);
    const lang = pickLanguage(this.keep.get("wish") || this.keep.get("lang") || around.lang);
    this.state = initial(lang, around.name, adopt(this.keep.outbox()), Number(this.keep.get("read")) || 0);
    this.connection = around.connect({
      hello: () => this.hello(),
      session: (session) => this.onSession(session),
      message: (message) => this.onMessage(message),
      update: (message) => this.dispatch({ type: "message", messages: [message] }),
      typing: (typing) => this.onTyping(typing),
      owner: (owner) => this.dispatch({ type: "owner", owner }),
      continues: (continues) => this.dispatch({ type: "continues", continues }),
      broken: () => this.onBroken(),
      refused: (code) => this.onRefused(code),
    });
    this.sender = new Sender({
      connection: () => this.connection,
      state: () => this.state,
      dispatch: (action) => this.dispatch(action),
      now: around.now,
      again: (delay) => this.later("flush", delay, () => void this.sender.flush()),
      kept: () => this.onKept(),
    });
  }

  /** Calls back after every change, until the returned function is called. */
  watch(listener: (state: State) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A visitor who was here before is connected at once (there may be news), a new one when the box opens. */
  begin(): void {
    if (this.token || this.state.outbox.length) this.connect();
  }

  connect(): void {
    if (this.state.phase !== "idle") return;
    this.dispatch({ type: "phase", phase: "connecting" });
    this.connection.connect();
  }

  show(open: boolean): void {
    this.dispatch({ type: "open", open });
    if (open) this.connect();
  }

  say(text: string, files: readonly Attachment[] = []): void {
    this.queue(compose(this.around.newId(), this.around.now(), text, "", files));
  }

  /** A tapped button. The same one twice within half a second is one tap of a nervous finger. */
  tap(label: string, data: string): void {
    const at = this.around.now();
    if (this.lastTap.data === data && at - this.lastTap.at < DOUBLE_TAP) return;
    this.lastTap = { data, at };
    this.queue(compose(this.around.newId(), at, label, data));
  }

  retry(id: string): void {
    this.dispatch({ type: "retry", id, now: this.around.now() });
    void this.sender.flush();
  }

  remove(id: string): void {
    this.dispatch({ type: "remove", id });
  }

  /** The reader is at the newest message: the oldest may make room. */
  lighten(): void {
    if (this.state.timeline.messages.length > MOST) this.dispatch({ type: "lighten" });
  }

  /** Marks everything so far as seen, here, in other tabs and at the server. */
  seen(): void {
    const last = this.state.timeline.messages[this.state.timeline.messages.length - 1]?.seq ?? 0;
    if (last <= this.state.read) return;
    this.dispatch({ type: "read", seq: last });
    this.keep.set("read", String(last));
    if (this.connection.connected) this.connection.read(last);
  }

  noteTyping(): void {
    const now = this.around.now();
    if (!this.connection.connected || now - this.lastTyping < TYPING_PAUSE) return;
    this.lastTyping = now;
    this.connection.typing();
  }

  async loadOlder(): Promise<void> {
    const { timeline, loadingOlder } = this.state;
    const first = timeline.messages[0];
    if (!timeline.older || loadingOlder || !first || !this.connection.connected) return;
    this.dispatch({ type: "loading-older" });
    const page = await this.connection.earlier(first.seq).catch(() => null);
    if (page?.ok) this.dispatch({ type: "earlier", messages: page.messages, more: page.more });
    else this.dispatch({ type: "earlier", messages: [], more: true });
  }

  setLanguage(lang: Lang): void {
    this.keep.set("wish", lang);
    this.dispatch({ type: "lang", lang });
    void this.tellLanguage();
  }

  /** The shop's other channels; none while there is no connection. */
  async apps(): Promise<App[]> {
    const answer = await this.connection.apps().catch(() => null);
    return answer?.ok ? answer.apps : [];
  }

  /** How to go on in one of them, or what is the matter; null where there is no answer. */
  goOn(account: string): Promise<Ack<Way> | null> {
    return this.connection.goOn(account).catch(() => null);
  }

  /** What to scan to pay at this link, or what is the matter; null where there is no answer. */
  payCode(url: string): Promise<Ack<PayCode> | null> {
    return this.connection.payCode(url).catch(() => null);
  }

  configure(config: ChatConfig): void {
    this.dispatch({ type: "shop", name: config.shop.name, limits: config.limits });
  }

  /** Fetches a message again: the links of its files are short-lived. Resolves with the new copy. */
  async refresh(seq: number): Promise<Message | undefined> {
    const page = await this.connection.later(seq - 1).catch(() => null);
    if (!page?.ok) return undefined;
    this.dispatch({ type: "message", messages: page.messages });
    return page.messages.find((message) => message.seq === seq);
  }

  /** The tab is looked at again, or the network is back: do not wait for the next attempt. */
  async wake(): Promise<void> {
    if (this.state.phase === "idle") return;
    if (!this.connection.connected) return this.connection.reconnect();
    const page = await this.connection.later(this.state.timeline.known, PROBE_PATIENCE).catch(() => null);
    if (page?.ok) this.dispatch({ type: "later", messages: page.messages, more: page.more });
    else if (!page) this.connection.reconnect(); // it slept, and only seemed to be connected
  }

  /** Another tab of this visitor wrote something down. */
  onStorage(slot: Slot | null): void {
    if (slot === "outbox") {
      this.dispatch({ type: "stored", outbox: this.keep.outbox() }, false);
      this.later("adopt", ADOPT_AFTER + 100, () => void this.sender.flush());
    } else if (slot === "read") {
      this.dispatch({ type: "read", seq: Number(this.keep.get("read")) || 0 });
    } else if (slot === "token") {
      this.adoptToken(this.keep.get("token"));
    }
  }

  /** There is a conversation at the server, shown or on its way. */
  get returning(): boolean {
    return this.token !== "";
  }

  /** The token for uploads; "" while there is no connection. */
  credential(): string {
    return this.state.phase === "online" ? this.token : "";
  }

  private hello(): Hello {
    this.take();
    this.asked = this.state.timeline.known;
    this.later("session", SESSION_DUE, () => this.connection.reconnect());
    const token = this.token ? { token: this.token } : {};
    const remembered = this.asked > 0 || this.keep.get("lang");
    const lang = this.token && remembered ? {} : { lang: this.state.lang };
    return { after: this.asked, zone: Intl.DateTimeFormat().resolvedOptions().timeZone, ...token, ...lang };
  }

  private onSession(session: Session): void {
    this.cancel("session");
    const known = this.keep.get("token");
    if (!this.token && known && known !== session.token) return this.adoptToken(known); // another tab was first
    if (session.last < this.asked) return this.startAgain(session.token); // the server was set back
    this.token = session.token;
    if (known !== session.token) this.keep.set("token", session.token);
    this.missing = this.asked > 0 && session.more;
    const lang = this.keep.get("wish") || session.lang;
    this.dispatch({ type: "session", session: { ...session, lang }, fresh: this.asked === 0 });
    if (session.last > 0) this.keep.set("lang", this.state.lang);
    void this.tellLanguage();
    void this.catchUp();
    void this.sender.flush();
  }

  private onMessage(message: Message): void {
    this.gathered.push(message);
    this.burst += 1;
    if (this.burst === 1) this.later("pour", BREATH, () => this.pour());
    if (this.burst < FEW) this.take();
  }

  private pour(): void {
    this.burst = this.gathered.length && FEW;
    if (this.burst) this.later("pour", BREATH, () => this.pour());
    this.take();
  }

  /** Whatever else happens comes after the messages that came before it. */
  private take(): void {
    const messages = this.gathered;
    if (messages.length === 0) return;
    this.gathered = [];
    this.dispatch({ type: "message", messages });
    if (messages.some((message) => message.author !== "customer")) this.cancel("typing");
    void this.catchUp();
  }

  private onTyping(typing: State["typing"]): void {
    this.dispatch({ type: "typing", typing });
    this.later("typing", TYPING_SHOWS, () => this.dispatch({ type: "typing", typing: null }));
  }

  private onBroken(): void {
    this.cancel("session");
    if (this.state.phase !== "broken") this.dispatch({ type: "phase", phase: "broken" });
  }

  private onRefused(code: string): void {
    const stored = this.keep.get("token");
    if (code === "unauthorised" && this.token) return this.startAgain(stored === this.token ? "" : stored);
    this.later("refused", REFUSED_PAUSE, () => this.connection.connect());
  }

  private adoptToken(token: string): void {
    if (token && token !== this.token) this.startAgain(token);
  }

  /** Another conversation than the one on screen: nothing of the old one may be mixed in. */
  private startAgain(token: string): void {
    this.token = token;
    if (!token || !this.keep.get("token")) this.keep.set("token", token);
    this.keep.set("read", "");
    this.keep.set("lang", "");
    this.dispatch({ type: "forget" });
    if (this.state.phase !== "idle") this.connection.reconnect();
  }

  private queue(item: Pending): void {
    this.dispatch({ type: "queue", item });
    this.connect();
    void this.sender.flush();
  }

  /** From the first message on the server remembers the visitor, and so their language. */
  private onKept(): void {
    if (!this.keep.get("lang")) this.keep.set("lang", this.state.lang);
    this.later("own-copy", OWN_COPY_DUE, () => this.missOwnCopy());
  }

  private missOwnCopy(): void {
    this.missing = this.state.outbox.some((item) => item.state === "kept");
    void this.catchUp();
  }

  private async catchUp(): Promise<void> {
    if (this.catching) return;
    this.catching = true;
    try {
      while (this.connection.connected && (this.missing || hasGap(this.state.timeline))) {
        const page = await this.connection.later(this.state.timeline.known);
        if (!page.ok) break;
        this.missing = page.more;
        this.dispatch({ type: "later", messages: page.messages, more: page.more });
      }
    } catch {
      if (this.connection.connected) this.connection.reconnect();
    } finally {
      this.catching = false;
    }
  }

  /** A page in another language than the last one was asked for by the visitor: the chat goes along. */
  private followPage(lang: Lang): void {
    const last = this.keep.get("page");
    if (last && last !== lang) this.keep.set("wish", lang);
    if (last !== lang) this.keep.set("page", lang);
  }

  private async tellLanguage(): Promise<void> {
    const wish = this.keep.get("wish");
    if (!wish || !this.connection.connected) return;
    const ack = await this.connection.setLanguage(wish).catch(() => null);
    if (!ack?.ok || this.keep.get("wish") !== wish) return;
    this.keep.set("wish", "");
    this.keep.set("lang", wish);
  }

  private dispatch(action: Action, save = true): void {
    this.take();
    const before = this.state;
    this.state = reduce(before, action);
    if (save) this.keep.saveOutbox(before.outbox, this.state.outbox);
    for (const listener of this.listeners) listener(this.state);
  }

  private later(name: string, delay: number, act: () => void): void {
    this.cancel(name);
    this.timers.set(name, setTimeout(act, delay));
  }

  private cancel(name: string): void {
    clearTimeout(this.timers.get(name));
  }
}
