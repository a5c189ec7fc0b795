/** A server of a few lines for store tests: answers by method and path, and remembers what it was asked. */
import { vi } from "vitest";

type Answer = (body: unknown, path: string) => unknown;

export class Refusal {
  constructor(
    readonly status: number,
    readonly error: Record<string, unknown>,
  ) {}
}

export class TestServer {
  readonly asked: string[] = [];
  private readonly answers = new Map<string, Answer>();

  constructor() {
    vi.stubGlobal("fetch", (path: string, init: RequestInit) => this.answer(path, init));
  }

  /** `route` is "GET /api/desk/me"; a query is not part of it. */
  on(route: string, answer: Answer): this {
    this.answers.set(route, answer);
    return this;
  }

  private async answer(path: string, init: RequestInit): Promise<Response> {
    const route = `${init.method ?? "GET"} ${path.split("?")[0] ?? ""}`;
    this.asked.push(`${init.method ?? "GET"} ${path}`);
    const found = this.answers.get(route);
    if (!found) throw new Error(`no answer for ${route}`);
    await Promise.resolve(); // no answer comes before the question has been asked
    const value = await found(init.body ? JSON.parse(String(init.body)) : {}, path);
    if (value instanceof Refusal) return new Response(JSON.stringify({ error: value.error }), { status: value.status });
    return new Response(JSON.stringify(value), { status: 200 });
  }
}
