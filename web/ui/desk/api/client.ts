/** One way to call the JSON API: it adds the CSRF token and the language, and every failure is an ApiError whose text a person may read. */

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    text: string,
    /** Seconds until trying again may help; 0 when the server did not say. */
    readonly retry = 0,
    readonly details: Record<string, unknown> = {},
  ) {
    super(text);
  }

  /** The request never reached the server, or the server is down: the same thing may work later. */
  get offline(): boolean {
    return this.status === 0 || this.status === 503;
  }
}

type Words = { offline: string; broken: string };
type Context = { csrf: () => string; language: () => string; loggedOut: () => void; words: () => Words };

let context: Context = {
  csrf: () => "",
  language: () => "en",
  loggedOut: () => undefined,
  words: () => ({ offline: "offline", broken: "error" }),
};

export function configure(given: Context): void {
  context = given;
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

export async function request<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(method, path, body, signal);
  const data = await decode(response);
  if (!response.ok) throw failure(response.status, data, path);
  return data as T;
}

async function send(method: Method, path: string, body: unknown, signal: AbortSignal | undefined): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", "Accept-Language": context.language() };
  if (method !== "GET") headers["X-CSRF-Token"] = context.csrf();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (signal) init.signal = signal;
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "offline", context.words().offline);
  }
}

async function decode(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!text) return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return {};
  }
}

type ErrorBody = { error?: { code?: string; text?: string; retry?: number } & Record<string, unknown> };

export function failure(status: number, data: unknown, path: string): ApiError {
  const error = (data as ErrorBody).error ?? {};
  if (status === 401 && !path.endsWith("/login")) context.loggedOut();
  return new ApiError(status, error.code ?? "broken", error.text ?? context.words().broken, error.retry ?? 0, error);
}

/** The raw bytes of a file, with its progress from 0 to 1. XMLHttpRequest, because fetch cannot tell how far an upload is. */
export function upload<T>(path: string, file: File, progress: (share: number) => void, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", path);
    call.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    call.setRequestHeader("X-CSRF-Token", context.csrf());
    call.setRequestHeader("Accept-Language", context.language());
    call.upload.onprogress = (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    call.onload = () => settle<T>(call, path, resolve, reject);
    call.onerror = () => reject(new ApiError(0, "offline", context.words().offline));
    signal.addEventListener("abort", () => call.abort());
    call.send(file);
  });
}

function settle<T>(call: XMLHttpRequest, path: string, resolve: (value: T) => void, reject: (error: ApiError) => void): void {
  let data: unknown = {};
  try {
    data = JSON.parse(call.responseText);
  } catch {
    // A proxy's own error page: the status says enough.
  }
  if (call.status >= 200 && call.status < 300) resolve(data as T);
  else reject(failure(call.status, data, path));
}
