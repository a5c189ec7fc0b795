// A server in memory that speaks the protocol of docs/web-api.md: takes an id once, keeps order, answers what is asked.

import type { Connect, Connection, Listener } from "../connection";
import type { Ack, ApiError, App, Message, Outgoing, Page, PayCode, Way } from "../protocol";
import { message, session } from "./messages";

export class Server {
  readonly messages: Message[] = [];
  /** Every `message` event that arrived, repetitions too. */
  readonly received: Outgoing[] = [];
  readonly asked: string[] = [];
  readonly lines: Line[] = [];
  /** Answers the next sends with these instead of taking them. */
  refusals: ApiError[] = [];
  /** The next so many acks are lost, though the message is kept. */
  loseAcks = 0;
  /** Pushes of new messages do not arrive. */
  deaf = false;
  token = "t1";
  apps: App[] = [];
  /** null: no answer comes. */
  way: Ack<Way> | Promise<Ack<Way>> | null = { ok: false, error: { code: "no_channel", text: "This channel is not switched on." } };
  payCode: Ack<PayCode> | null = { ok: true, qr: null, title: "", text: "", until: "", seconds: 0 };
  /** What it remembers of the visitor. */
  lang = "en";

  connect: Connect = (listener) => {
    const line = new Line(this, listener);
    this.lines.push(line);
    return line;
  };

  take(outgoing: Outgoing): Ack<{ id: string }> {
    this.received.push(outgoing);
    const error = this.refusals.shift();
    if (error) return { ok: false, error };
    if (!this.messages.some((one) => one.id === outgoing.id)) {
      this.publish({ author: "customer", id: outgoing.id, text: outgoing.text ?? "" });
    }
    return { ok: true, id: outgoing.id };
  }

  publish(fields: Partial<Message>): Message {
    const added = message(this.messages.length + 1, fields);
    this.messages.push(added);
    if (!this.deaf) for (const line of this.lines) if (line.connected) line.listener.message(added);
    return added;
  }

  after(seq: number, limit = 200): { messages: Message[]; more: boolean } {
    const found = this.messages.filter((one) => one.seq > seq);
    return { messages: found.slice(0, limit), more: found.length > limit };
  }
}

/** One tab's connection. `up()` and `down()` are the network. */
class Line implements Connection {
  connected = false;
  reachable = true;
  reconnects = 0;
  reads: number[] = [];

  constructor(
    private readonly server: Server,
    readonly listener: Listener,
  ) {}

  connect(): void {
    if (!this.reachable || this.connected) return;
    const hello = this.listener.hello();
    if (hello.token && hello.token !== this.server.token) return this.listener.refused("unauthorised");
    this.connected = true;
    this.server.asked.push(`hello ${hello.after}`);
    const { messages, more } = hello.after ? this.server.after(hello.after) : { messages: this.server.messages.slice(-50), more: false };
    const older = this.server.messages.length > 50;
    const last = this.server.messages.length;
    this.listener.session(session({ token: this.server.token, messages, last, more: hello.after ? more : older, lang: hello.lang ?? this.server.lang }));
  }

  reconnect(): void {
    this.reconnects += 1;
    this.connected = false;
    this.listener.broken();
    this.connect();
  }

  down(): void {
    this.reachable = false;
    this.connected = false;
    this.listener.broken();
  }

  up(): void {
    this.reachable = true;
    this.connect();
  }

  send(outgoing: Outgoing): Promise<Ack<{ id: string }>> {
    if (!this.connected) return Promise.reject(new Error("not connected"));
    const ack = this.server.take(outgoing);
    if (this.server.loseAcks === 0) return Promise.resolve(ack);
    this.server.loseAcks -= 1;
    return Promise.reject(new Error("no answer in time"));
  }

  later(after: number): Promise<Page> {
    this.server.asked.push(`after ${after}`);
    return this.connected ? Promise.resolve({ ok: true, ...this.server.after(after) }) : Promise.reject(new Error("not connected"));
  }

  earlier(before: number): Promise<Page> {
    this.server.asked.push(`before ${before}`);
    const found = this.server.messages.filter((one) => one.seq < before);
    return Promise.resolve({ ok: true, messages: found.slice(-50), more: found.length > 50 });
  }

  setLanguage(lang: string): Promise<Ack> {
    this.server.asked.push(`lang ${lang}`);
    this.server.lang = lang;
    return Promise.resolve({ ok: true });
  }

  apps(): Promise<Ack<{ apps: App[] }>> {
    return Promise.resolve({ ok: true, apps: this.server.apps });
  }

  goOn(account: string): Promise<Ack<Way>> {
    this.server.asked.push(`go on ${account}`);
    return this.server.way ? Promise.resolve(this.server.way) : Promise.reject(new Error("not connected"));
  }

  payCode(url: string): Promise<Ack<PayCode>> {
    this.server.asked.push(`pay code ${url}`);
    return this.server.payCode ? Promise.resolve(this.server.payCode) : Promise.reject(new Error("not connected"));
  }

  read(seq: number): void {
    this.reads.push(seq);
  }

  typing(): void {
    this.server.asked.push("typing");
  }
}

/** The browser's localStorage, shared by tabs: a write by one is an event in the others. */
export class SharedStorage {
  private readonly values = new Map<string, string>();
  private readonly tabs = new Map<object, (key: string) => void>();

  shelf(tab: object, onChange: (key: string) => void = () => undefined) {
    this.tabs.set(tab, onChange);
    const tell = (key: string): void => {
      for (const [other, listener] of this.tabs) if (other !== tab) listener(key);
    };
    return {
      getItem: (key: string) => this.values.get(key) ?? null,
      setItem: (key: string, value: string) => {
        this.values.set(key, value);
        tell(key);
      },
      removeItem: (key: string) => {
        this.values.delete(key);
        tell(key);
      },
    };
  }
}

/** Lets promises that are settled take effect. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) await Promise.resolve();
}
