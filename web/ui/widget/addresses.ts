// Stands in for what engine.io reads and writes addresses with: every browser of ours can.

/** Of an origin, which is all that `connection.ts` gives. */
export function parse(origin: string): { protocol: string; host: string; port: string } {
  const { protocol, hostname, port } = new URL(origin);
  return { protocol: protocol.slice(0, -1), host: hostname.replace(/[[\]]/g, ""), port };
}

export const encode = (query: Record<string, string>): string => `${new URLSearchParams(query)}`;
export const decode = (query: string): Record<string, string> => Object.fromEntries(new URLSearchParams(query));
