import { beforeEach, describe, expect, it } from "vitest";
import type { Attachment } from "../protocol";
import { UploadFailed, Uploads } from "../uploads";
import { attachment } from "./messages";
import { settle } from "./server";

interface Call {
  name: string;
  token: string;
  progress: (share: number) => void;
  stop: AbortSignal;
  finish: (file: Attachment) => void;
  fail: (error: Error) => void;
}

let calls: Call[];
let token: string;
let released: string[];

function uploads(): Uploads {
  let count = 0;
  return new Uploads({
    post: (file, given, progress, stop) =>
      new Promise((finish, fail) => calls.push({ name: file.name, token: given, progress, stop, finish, fail })),
    credential: () => token,
    preview: (file) => `blob:${file.name}`,
    release: (preview) => released.push(preview),
    newId: () => `u${(count += 1)}`,
  });
}

const file = (name: string, type = ""): File => new File(["x"], name, { type });
const states = (all: Uploads): string[] => all.list.map((one) => one.state);

beforeEach(() => {
  calls = [];
  released = [];
  token = "t1";
});

describe("uploads", () => {
  it("run two at a time, tell their progress, and are taken when all are stored", async () => {
    const all = uploads();
    all.add([file("a.png", "image/png"), file("b"), file("c")]);
    expect(states(all)).toEqual(["uploading", "uploading", "waiting"]);
    calls[0]?.progress(0.5);
    expect(all.list[0]).toMatchObject({ progress: 0.5, preview: "blob:a.png" });
    calls[0]?.finish(attachment(1));
    await settle();
    expect(states(all)).toEqual(["stored", "uploading", "uploading"]);
    expect(all.state).toBe("busy");
    calls[1]?.finish(attachment(2));
    calls[2]?.finish(attachment(3));
    await settle();
    expect(all.state).toBe("stored");
    expect(all.take().map((one) => one.id)).toEqual([1, 2, 3]);
    expect(all.list).toEqual([]);
    expect(released).toEqual(["blob:a.png"]);
  });

  it("that were refused say why, and can be tried again or removed", async () => {
    const all = uploads();
    all.add([file("a"), file("b")]);
    calls[0]?.fail(new UploadFailed("This kind of file is not taken.", false));
    await settle();
    expect(all.list[0]).toMatchObject({ state: "failed", error: "This kind of file is not taken." });
    expect(all.state).toBe("failed");
    all.retry("u1");
    expect(calls.map((one) => one.name)).toEqual(["a", "b", "a"]);
    all.remove("u2");
    expect(calls[1]?.stop.aborted).toBe(true);
    expect(all.list.map((one) => one.id)).toEqual(["u1"]);
  });

  it("wait while there is no connection and go on by themselves", async () => {
    const all = uploads();
    token = "";
    all.add([file("a")]);
    expect(calls).toEqual([]);
    token = "t2";
    all.resume();
    expect(calls[0]?.token).toBe("t2");
    token = "";
    calls[0]?.fail(new UploadFailed("", true));
    await settle();
    expect(states(all)).toEqual(["waiting"]);
    token = "t2";
    all.resume();
    expect(calls).toHaveLength(2);
  });

  it("that fail although there is a connection are left to the visitor", async () => {
    const all = uploads();
    all.add([file("a")]);
    calls[0]?.fail(new UploadFailed("", true));
    await settle();
    expect(states(all)).toEqual(["failed"]);
  });
});
