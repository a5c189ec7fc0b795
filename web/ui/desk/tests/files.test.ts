// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";

import { previewOf } from "../logic/preview";
import { withFiles } from "../logic/timeline";
import { attachedWord, senderOf } from "../state/fileWords";
import { message, person } from "./make";

it("files say who sent them, unless the customer did", () => {
  const file = (id: number) => ({ id, kind: "file" as const, name: "", media_type: "", size: 1, state: "stored" as const, width: 0, height: 0, url: "", thumb: "" });
  const sent = [message(1, { files: [file(1)] }), message(2, { author: "staff", name: "Mei Chen", files: [file(2)] }), message(3, { author: "bot", files: [file(3)] })];
  expect(withFiles(person(), 1, sent).files.map(senderOf)).toEqual(["from Bot", "from Mei Chen", ""]);
});

describe("a preview", () => {
  it.each([
    ["Is it fresh?", "Is it fresh?", ""],
    ["📎", "", "File"],
    ["🖼🖼", "", "Photo"],
    ["🖼📎", "", "File"],
    ["My bill 📎", "My bill", "File"],
    ["I like 📎 clips", "I like 📎 clips", ""],
  ])("of %j reads %j and %j", (text, words, attached) => {
    const preview = previewOf(text);
    expect([preview.words, attachedWord(preview)]).toEqual([words, attached]);
  });
});
