import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { query } from "../api/calls";
import { ApiError, configure, request } from "../api/client";

type Sent = { path: string; init: RequestInit };
let sent: Sent[] = [];
let loggedOut = 0;
let answer: () => Promise<Response>;

const json = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status });

beforeEach(() => {
  sent = [];
  loggedOut = 0;
  configure({
    csrf: () => "token",
    language: () => "zh-CN",
    loggedOut: () => (loggedOut += 1),
    words: () => ({ offline: "no network", broken: "broken" }),
  });
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    sent.push({ path, init });
    return answer();
  });
});
afterEach(() => vi.unstubAllGlobals());

const problem = (work: Promise<unknown>): Promise<ApiError> => work.then(() => Promise.reject(new Error("no error")), (error: ApiError) => error);

it("a change carries the CSRF token, a question does not; both name the language", async () => {
  answer = () => Promise.resolve(json(200, { fine: true }));
  expect(await request("POST", "/api/x", { a: 1 })).toEqual({ fine: true });
  await request("GET", "/api/x");
  const [post, get] = sent.map((one) => one.init.headers as Record<string, string>);
  expect([post?.["X-CSRF-Token"], get?.["X-CSRF-Token"]]).toEqual(["token", undefined]);
  expect([post?.["Accept-Language"], get?.["Accept-Language"]]).toEqual(["zh-CN", "zh-CN"]);
  expect(sent[0]?.init.body).toBe('{"a":1}');
});

it("an error is the server's own sentence", async () => {
  answer = () => Promise.resolve(json(409, { error: { code: "taken", text: "Tom has it.", owner: "Tom" } }));
  const error = await problem(request("POST", "/api/x"));
  expect([error.status, error.code, error.message, error.details["owner"]]).toEqual([409, "taken", "Tom has it.", "Tom"]);
});

it("a 401 logs out, but not while logging in", async () => {
  answer = () => Promise.resolve(json(401, { error: { code: "unauthorised", text: "Log in." } }));
  await problem(request("GET", "/api/desk/me"));
  expect(loggedOut).toBe(1);
  await problem(request("POST", "/api/desk/login", {}));
  expect(loggedOut).toBe(1);
});

it("no network is said in the reader's words and may be tried again", async () => {
  answer = () => Promise.reject(new TypeError("Failed to fetch"));
  const error = await problem(request("GET", "/api/x"));
  expect([error.message, error.offline]).toEqual(["no network", true]);
});

it("a proxy's error page shows no markup", async () => {
  answer = () => Promise.resolve(new Response("<h1>502</h1>", { status: 502 }));
  const error = await problem(request("GET", "/api/x"));
  expect([error.status, error.message]).toEqual([502, "broken"]);
});

it("a query leaves out what is empty and escapes the rest", () => {
  expect(query({ q: "茶 &", before: null, state: "", n: 0 })).toBe("?q=%E8%8C%B6+%26&n=0");
  expect(query({ q: "" })).toBe("");
});
