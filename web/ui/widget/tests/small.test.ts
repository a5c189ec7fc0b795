import { describe, expect, it, vi } from "vitest";
import { decode, encode, parse } from "../addresses";
import { contrastOf, isColour, shades } from "../colour";
import { newId } from "../ids";
import { Keep } from "../keep";
import { checkFiles, excess, fileSize } from "../limits";
import { compose } from "../outbox";
import { defaultLimits } from "../state";
import { languages, pickLanguage, speaker } from "../words";
import { SharedStorage } from "./server";

const say = speaker("en");
const file = (name: string, size: number, type = ""): File => Object.defineProperty(new File([], name, { type }), "size", { value: size });

describe("limits", () => {
  it("let through what fits and say kindly what does not", () => {
    const big = file("film.mov", 21 << 20);
    const { accepted, problems } = checkFiles([file("a.pdf", 10), big, file("empty.txt", 0)], 0, defaultLimits, say);
    expect(accepted.map((one) => one.name)).toEqual(["a.pdf"]);
    expect(problems).toEqual(["“film.mov” is 21 MB. Up to 20 MB works here.", "“empty.txt” is empty."]);
  });

  it("count pictures by their own size, and all files of the message together", () => {
    const limits = { ...defaultLimits, image_bytes: 1 << 20, files: 3 };
    expect(checkFiles([file("p.png", 2 << 20, "image/png")], 0, limits, say).problems).toHaveLength(1);
    const four = ["a", "b", "c"].map((name) => file(name, 1));
    const { accepted, problems } = checkFiles(four, 1, limits, say);
    expect(accepted).toHaveLength(2);
    expect(problems).toEqual(["One message carries up to 3 files. The rest was left out."]);
  });

  it("count characters as the server does, not as JavaScript does", () => {
    expect(excess("茶".repeat(4000), defaultLimits)).toBe(0);
    expect(excess("🍵".repeat(4000), defaultLimits)).toBe(0);
    expect(excess("🍵".repeat(4002), defaultLimits)).toBe(2);
  });

  it("write sizes short", () => {
    expect([0, 1023, 1024, 1536, 20 << 20].map(fileSize)).toEqual(["0 B", "1023 B", "1 KB", "1.5 KB", "20 MB"]);
  });
});

describe("words", () => {
  it("exist in every language, with the same blanks to fill in", () => {
    const blanks = (text: string): string[] => (text.match(/\{\w+/g) ?? []).sort();
    for (const words of Object.values(languages)) {
      expect(Object.keys(words).sort()).toEqual(Object.keys(languages.en).sort());
      for (const key of Object.keys(languages.en) as (keyof typeof languages.en)[]) {
        expect(words[key], key).not.toBe("");
        expect(blanks(words[key]), key).toEqual(blanks(languages.en[key]));
      }
    }
  });

  it("are Chinese in Chinese: full-width punctuation, nothing left in English", () => {
    for (const [key, text] of Object.entries(languages.zh)) {
      const prose = text.replace(/\{count, one:([^,]*)[^}]*\}/, "$1").replace(/\{\w+\}/g, "");
      expect(prose, key).toMatch(/[\u4e00-\u9fff]/);
      expect(prose, key).not.toMatch(/[,.!?;:]/);
    }
  });

  it("are filled in, with the right number", () => {
    expect(say("stars", { count: 1 })).toBe("1 star");
    expect(say("stars", { count: 5 })).toBe("5 stars");
    expect(speaker("zh")("withPerson", { name: "小美" })).toBe("小美 正在为您服务");
    expect(say("withPerson", { name: "$& {x}" })).toBe("You are talking to $& {x}");
  });

  it("are in the first language that is spoken", () => {
    expect(pickLanguage("zh-TW", "en")).toBe("zh");
    expect(pickLanguage(undefined, "", "fr", "zh_CN")).toBe("zh");
    expect(pickLanguage("fr", "constructor")).toBe("en");
  });
});

describe("the shop's colour", () => {
  it.each(["#2f6f4f", "#000", "#ffffff", "#f5b81c", "#ff0000", "#123", "#7f7f7f"])("%s gives readable shades", (colour) => {
    const { accent, on, hover, text, tint, darkText, darkTint, darkAccent } = shades(colour);
    expect(contrastOf(accent, on)).toBeGreaterThanOrEqual(4.5);
    expect(contrastOf(hover, on)).toBeGreaterThanOrEqual(4.5);
    expect(contrastOf(darkAccent, on)).toBeGreaterThanOrEqual(4.5);
    expect(contrastOf(text, "#ffffff")).toBeGreaterThanOrEqual(4.5);
    expect(contrastOf(text, tint)).toBeGreaterThanOrEqual(4.5);
    expect(contrastOf(darkText, "#222624")).toBeGreaterThanOrEqual(4.5);
    expect(contrastOf(darkText, darkTint)).toBeGreaterThanOrEqual(4.5);
  });

  it("is kept as it is where it is readable, and is the default where it is no colour", () => {
    expect(shades("#2f6f4f").accent).toBe("#2f6f4f");
    expect(isColour("url(x)")).toBe(false);
    expect(shades("red;}").accent).toBe("#2f6f4f");
  });
});

describe("what is kept", () => {
  it("is apart for each server", () => {
    const storage = new SharedStorage().shelf({});
    new Keep("https://a.example", storage).set("token", "secret");
    expect(new Keep("https://b.example", storage).get("token")).toBe("");
    expect(new Keep("https://a.example", storage).slotOf("parley:https://a.example:token")).toBe("token");
    expect(new Keep("https://a.example", storage).slotOf("other")).toBeNull();
  });

  it("lives in memory where storage is full, forbidden or absent", () => {
    const full = { getItem: () => null, removeItem: () => undefined, setItem: vi.fn().mockImplementation(() => { throw new Error("full"); }) };
    for (const shelf of [full, null]) {
      const keep = new Keep("https://a.example", shelf);
      keep.saveOutbox([], [compose("1", 1, "hi")]);
      expect(keep.outbox().map((one) => one.text)).toEqual(["hi"]);
    }
  });

  it("is ignored when somebody wrote nonsense there", () => {
    const keep = new Keep("https://a.example", new SharedStorage().shelf({}));
    for (const nonsense of ["{", "{}", "[1, null, {\"id\": 3}]"]) {
      keep.set("outbox", nonsense);
      expect(keep.outbox()).toEqual([]);
    }
  });
});

describe("ids", () => {
  it("are random also where randomUUID is missing, as on plain http", () => {
    const plain = { getRandomValues: (bytes: Uint8Array) => crypto.getRandomValues(bytes) } as unknown as Crypto;
    const made = new Set(Array.from({ length: 500 }, () => newId(plain)));
    expect(made.size).toBe(500);
    for (const id of made) expect(id).toMatch(/^[\da-f]{32}$/);
    expect(newId()).toMatch(/^[\da-f-]{36}$/);
  });
});

describe("addresses for engine.io", () => {
  it("are read from an origin, as its own reader would", () => {
    expect(parse("https://shop.example")).toEqual({ protocol: "https", host: "shop.example", port: "" });
    expect(parse("http://[::1]:8080")).toEqual({ protocol: "http", host: "::1", port: "8080" });
  });

  it("have a query that comes back", () => {
    const query = { EIO: "4", t: "a&b=c" };
    expect(encode(query)).toBe("EIO=4&t=a%26b%3Dc");
    expect(decode(encode(query))).toEqual(query);
  });
});
