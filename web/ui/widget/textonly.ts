// Stands in for what socket.io would bring for binary messages and WebTransport: the chat speaks JSON over WebSocket or polling only.

/** Of engine.io's protocol 4; a packet begins with the place of its type. */
const TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];

interface Packet {
  type: string;
  data?: string | undefined;
}

export function encodePacket({ type, data = "" }: Packet, _binary: boolean, give: (text: string) => void): void {
  give(TYPES.indexOf(type) + data);
}

export function decodePacket(text: string): Packet {
  const type = TYPES[text.charCodeAt(0) - 48];
  return type ? { type, data: text.slice(1) || undefined } : { type: "error", data: "parser error" };
}

/** Never asked for: `connection.ts` names its transports. */
export class WT {}

export const hasBinary = (): boolean => false;
export const isBinary = hasBinary;

export function deconstructPacket(): never {
  throw new Error("The chat box neither sends nor takes binary messages.");
}

export const reconstructPacket = deconstructPacket;
export const encodePacketToBinary = deconstructPacket;
