// @vitest-environment happy-dom
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { en } from "../i18n/en";
import { phrase, speak, t, tState } from "../i18n/words";
import { zh } from "../i18n/zh";

const facts = (sentence: string): string[] =>
  [...new Set([...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""))].sort();
const keys = Object.keys(en) as (keyof typeof en)[];

describe("the catalogues", () => {
  it("have the same keys, none of them empty", () => {
    expect(Object.keys(zh).sort()).toEqual([...keys].sort());
    for (const key of keys) expect([key, en[key].trim() !== "" && zh[key].trim() !== ""]).toEqual([key, true]);
  });

  it("fill in the same facts", () => {
    const differing = keys.filter((key) => facts(en[key]).join() !== facts(zh[key]).join());
    expect(differing).toEqual([]);
  });

  it("use full-width punctuation in Chinese, and no exclamation marks anywhere", () => {
    const half = keys.filter((key) => /[\u4e00-\u9fff][,;:!?]|[\u4e00-\u9fff]\.(?!toml)/.test(zh[key]));
    expect(half).toEqual([]);
    expect(keys.filter((key) => /[!！]/.test(en[key] + zh[key]))).toEqual([]);
  });

  it("hold nothing that no page says", () => {
    const sources = files(join(import.meta.dirname, "..")).map((path) => readFileSync(path, "utf8"));
    const text = sources.join("\n");
    // `inbox.${filter}` stands for every key that begins so.
    const prefixes = [...text.matchAll(/t\(\s*`([\w.]+\.)\$\{/g)].map((match) => match[1] ?? "");
    const states = [...text.matchAll(/tState\("([\w.]+)"/g)].map((match) => `${match[1]}.`);
    const begins = [...prefixes, ...states];
    const silent = keys.filter((key) => !text.includes(`"${key}"`) && !text.includes(`'${key}'`));
    expect(silent.filter((key) => !begins.some((prefix) => key.startsWith(prefix)))).toEqual([]);
  });
});

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["tests", "i18n"].includes(entry.name) ? [] : files(path);
    return /\.(ts|vue)$/.test(entry.name) ? [path] : [];
  });
}

describe("a sentence", () => {
  it("chooses its form by number", () => {
    expect(phrase("{n} message|{n} messages", { n: 1 })).toBe("1 message");
    expect(phrase("{n} message|{n} messages", { n: 0 })).toBe("0 messages");
  });

  it("never fills a fact from another fact's text", () => {
    expect(phrase("{name} has it", { name: "{n}" })).toBe("{n} has it");
  });

  it("follows the language, also on the page itself", () => {
    speak("zh-CN");
    expect(t("thread.take")).toBe("接手");
    expect(document.documentElement.lang).toBe("zh-CN");
    speak("en");
    expect(t("thread.take")).toBe("Take over");
  });

  it("shows a state that is newer than this catalogue by its own name", () => {
    expect(tState("order.state", "paid")).toBe("Paid");
    expect(tState("order.state", "teleported")).toBe("teleported");
    expect(tState("attention", "turn")).toBe("A message could not be handled; see Failures.");
    expect(tState("thread.failure", "Forbidden: bot was blocked by the user")).toBe("Forbidden: bot was blocked by the user");
    expect(tState("thread.event", "took", { name: "Mei" })).toBe("Mei took over");
    expect(tState("thread.event", "Mei took over")).toBe("Mei took over"); // as it was kept before it had a name
  });
});
