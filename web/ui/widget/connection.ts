// The one live connection to the server's `/chat` namespace; it tells what happened and decides nothing.

import { Manager, type Socket } from "socket.io-client";
import type { Ack, App, Message, Outgoing, Owner, Page, PayCode, Session, Typing, Way } from "./protocol";

export interface Hello {
  token?: string;
  after: number;
  /** Left out where the server remembers the visitor's language, which may have been changed in the conversation. */
  lang?: string;
  /** Where the visitor's clock is, so that nobody is written to at night. */
  zone: string;
}

export interface Listener {
  /** Asked at every connection, so that it always starts from what is known now. */
  hello(): Hello;
  session(session: Session): void;
  message(message: Message): void;
  update(message: Message): void;
  typing(typing: Typing): void;
  owner(owner: Owner | null): void;
  continues(app: string): void;
  broken(): void;
  /** The server said no; nothing is tried again until `connect` is called. */
  refused(code: string): void;
}

/** Requests reject when no answer came in time; the connection may be dead then. */
export interface Connection {
  readonly connected: boolean;
  connect(): void;
  /** Drops whatever there is and connects at once, without the pause between attempts. */
  reconnect(): void;
  send(message: Outgoing): Promise<Ack<{ id: string }>>;
  later(after: number, patience?: number): Promise<Page>;
  earlier(before: number): Promise<Page>;
  setLanguage(lang: string): Promise<Ack>;
  apps(): Promise<Ack<{ apps: App[] }>>;
  goOn(account: string): Promise<Ack<Way>>;
  payCode(url: string): Promise<Ack<PayCode>>;
  read(seq: number): void;
  typing(): void;
}

export type Connect = (listener: Listener) => Connection;

const PATIENCE = 10_000;
const AFTER_KICK = 1_000;

export function socketConnection(server: string): Connect {
  return (listener) => new SocketConnection(open(server, listener), listener);
}

function open(server: string, listener: Listener): Socket {
  const url = new URL(server);
  const manager = new Manager(url.origin, {
    path: `${url.pathname.replace(/\/$/, "")}/socket.io`,
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    autoConnect: false,
    reconnectionDelay: 500,
    reconnectionDelayMax: 5_000,
    timeout: PATIENCE,
  });
  return manager.socket("/chat", { auth: (give) => give(listener.hello()) });
}

class SocketConnection implements Connection {
  constructor(
    private readonly socket: Socket,
    listener: Listener,
  ) {
    socket.on("session", (session: Session) => listener.session(session));
    socket.on("message", (message: Message) => listener.message(message));
    socket.on("update", (message: Message) => listener.update(message));
    socket.on("typing", (typing: Typing) => listener.typing(typing));
    socket.on("owner", (owner: Owner | null) => listener.owner(owner));
    socket.on("continues", (app: string) => listener.continues(app));
    socket.on("disconnect", (reason) => {
      listener.broken();
      if (reason === "io server disconnect") setTimeout(() => this.connect(), AFTER_KICK);
    });
    socket.on("connect_error", (error: Error & { data?: { code?: string } }) => {
      listener.broken();
      if (!socket.active) listener.refused(error.data?.code ?? "");
    });
  }

  get connected(): boolean {
    return this.socket.connected;
  }

  connect(): void {
    this.socket.connect();
  }

  reconnect(): void {
    this.socket.disconnect().connect();
  }

  send(message: Outgoing): Promise<Ack<{ id: string }>> {
    return this.ask("message", message);
  }

  later(after: number, patience = PATIENCE): Promise<Page> {
    return this.ask("sync", { after }, patience);
  }

  earlier(before: number): Promise<Page> {
    return this.ask("sync", { before });
  }

  setLanguage(lang: string): Promise<Ack> {
    return this.ask("lang", { lang });
  }

  apps(): Promise<Ack<{ apps: App[] }>> {
    return this.ask("apps", {});
  }

  goOn(account: string): Promise<Ack<Way>> {
    return this.ask("go_on", { account });
  }

  payCode(url: string): Promise<Ack<PayCode>> {
    return this.ask("pay_code", { url });
  }

  read(seq: number): void {
    this.ask("read", { seq }).catch(() => undefined); // said again with the next message
  }

  typing(): void {
    this.socket.volatile.emit("typing", {});
  }

  /** Never left in the socket's own buffer: what is not sent now is sent by the queue, in order. */
  private ask<T>(event: string, data: unknown, patience = PATIENCE): Promise<T> {
    if (!this.socket.connected) return Promise.reject(new Error("not connected"));
    return this.socket.timeout(patience).emitWithAck(event, data) as Promise<T>;
  }
}
