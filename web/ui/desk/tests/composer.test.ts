// @vitest-environment happy-dom
import { mount, type VueWrapper } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nextTick } from "vue";

import ComposerBox from "../components/ComposerBox.vue";
import { session } from "../state/session";
import { thread } from "../state/thread";
import { row } from "./make";
import { TestServer } from "./server";

const staff = { id: 7, login: "mei", name: "Mei", role: "agent" as const, locale: "en", timezone: "UTC", must_change_password: false };
let box: VueWrapper;
let said: unknown[];

beforeEach(() => {
  localStorage.clear();
  said = [];
  new TestServer()
    .on("POST /api/desk/conversations/1/messages", (body) => {
      said.push((body as { text: string }).text);
      return new Promise(() => undefined);
    })
    .on("POST /api/desk/conversations/1/typing", () => ({}));
  session.me = {
    staff,
    csrf: "",
    colleagues: [staff, { ...staff, id: 8, login: "tom", name: "Tom" }],
    shop: { name: "", color: "" },
    limits: { text: 20, files: 1, file_bytes: 1000, image_bytes: 1000 },
  };
  thread.id = 1;
  thread.row = row(1, { name: "Ann", owner: { id: 7, name: "Mei" } });
  thread.canSend = { ok: true, why: "", until: null, left: null, how: "answer", instead: [] };
  box = mount(ComposerBox, { props: { note: false }, attachTo: document.body });
});
afterEach(() => box.unmount());

const area = () => box.get("textarea");
const enter = (given: object = {}) => area().trigger("keydown", { key: "Enter", ...given });
const write = async (text: string): Promise<void> => {
  await area().setValue(text);
  await area().trigger("keyup");
};

describe("Enter", () => {
  it("sends and empties the field", async () => {
    await write(" hello ");
    await enter();
    await nextTick();
    expect(said).toEqual(["hello"]);
    expect(area().element.value).toBe("");
  });

  it("with Shift starts a line, and in the middle of an input method chooses a word", async () => {
    await write("ni hao");
    await enter({ shiftKey: true });
    await enter({ isComposing: true });
    await enter({ keyCode: 229 });
    expect(said).toEqual([]);
  });

  it("sends neither nothing nor too much", async () => {
    await write("   ");
    await enter();
    await write("x".repeat(21));
    await enter();
    expect(said).toEqual([]);
    expect(area().element.value).toBe("x".repeat(21));
  });
});

describe("completing", () => {
  it("puts the whole reply in the place of /he, with Enter, without sending", async () => {
    await write("/he");
    await enter();
    await nextTick();
    expect(area().element.value).toBe("Hello, this is Mei. How can I help?");
    expect(said).toEqual([]);
  });

  it("names colleagues in notes only", async () => {
    await write("ask @to");
    expect(box.find("[role=option]").exists()).toBe(false);
    await box.setProps({ note: true });
    expect(box.get("[role=option]").text()).toContain("@tom");
  });

  it("Escape closes the menu and keeps the words", async () => {
    await write("/he");
    await area().trigger("keydown", { key: "Escape" });
    expect(box.find("[role=listbox]").exists()).toBe(false);
    expect(area().element.value).toBe("/he");
  });
});

it("a draft waits for its conversation", async () => {
  await write("half a thought");
  thread.id = 2;
  await nextTick();
  await nextTick();
  expect(area().element.value).toBe("");
  thread.id = 1;
  await nextTick();
  await nextTick();
  expect(area().element.value).toBe("half a thought");
});

it("a file that is too large is refused before it travels", async () => {
  const input = box.get("input[type=file]").element as HTMLInputElement;
  Object.defineProperty(input, "files", { value: [new File(["x".repeat(1001)], "big.txt")] });
  await box.get("input[type=file]").trigger("change");
  expect(box.find(".upload").exists()).toBe(false);
  expect(document.body.textContent).toContain("big.txt is larger than 1000 B.");
});
