// Sends the queue, one message after the other: the next only when the server has the one before, so order is kept.

import type { Connection } from "./connection";
import { nextToSend, outgoing, type Pending } from "./outbox";
import type { Ack } from "./protocol";
import type { Action, State } from "./state";

/** Where the server gives no time: seconds until it is asked again. */
const PAUSE = 5;

export interface SenderPort {
  connection: () => Connection;
  state: () => State;
  dispatch: (action: Action) => void;
  now: () => number;
  /** Calls `flush` again after so many milliseconds. */
  again: (delay: number) => void;
  /** The server has a message; its own copy is on the way. */
  kept: () => void;
}

export class Sender {
  private busy = false;

  constructor(private readonly port: SenderPort) {}

  async flush(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      for (let item = this.next(); item; item = this.next()) {
        if (!(await this.deliver(item))) break;
      }
    } finally {
      this.busy = false;
    }
  }

  private next(): Pending | undefined {
    const state = this.port.state();
    if (state.phase !== "online" || !this.port.connection().connected) return undefined;
    return nextToSend(state.outbox, this.port.now());
  }

  /** False when sending has to stop for now; it goes on with the next session or after the server's pause. */
  private async deliver(item: Pending): Promise<boolean> {
    const { dispatch, kept } = this.port;
    dispatch({ type: "sending", id: item.id });
    const ack = await this.port.connection().send(outgoing(item)).catch(() => null);
    if (ack?.ok) {
      dispatch({ type: "kept", id: item.id });
      kept();
      return true;
    }
    if (ack && ack.error.retry === undefined && ack.error.code !== "rate_limited") {
      dispatch({ type: "failed", id: item.id, error: ack.error.text });
      return true;
    }
    dispatch({ type: "requeue-one", id: item.id });
    this.tryLater(ack);
    return false;
  }

  private tryLater(ack: Ack | null): void {
    if (ack && !ack.ok) this.port.again(Math.max(1, ack.error.retry ?? PAUSE) * 1000);
    else if (this.port.connection().connected) this.port.connection().reconnect(); // no answer: it may be dead
  }
}
