// Stands in for what socket.io would bring for binary messages and WebTransport: the chat speaks JSON over WebSocket or polling only.

/** Never asked for: `connection.ts` names its transports. */
export class WT {}

export const hasBinary = (): boolean => false;
export const isBinary = hasBinary;

export function deconstructPacket(): never {
  throw new Error("The chat box neither sends nor takes binary messages.");
}

export const reconstructPacket = deconstructPacket;
export const decode = deconstructPacket;
