import { describe, expect, it } from "vitest";
import { linkify, webAddress } from "../linkify";

const links = (text: string): string[] => linkify(text).flatMap((piece) => (piece.href ? [piece.text] : []));

describe("addresses in a text", () => {
  it.each([
    ["See https://example.com/a?b=1#c.", ["https://example.com/a?b=1#c"]],
    ["(https://en.wikipedia.org/wiki/Tea_(meal))", ["https://en.wikipedia.org/wiki/Tea_(meal)"]],
    ["请看 https://example.com/茶，谢谢。", ["https://example.com/茶"]],
    ["http://a.example、http://b.example", ["http://a.example", "http://b.example"]],
    ["HTTPS://EXAMPLE.COM!", ["HTTPS://EXAMPLE.COM"]],
    ["no link, not even www.example.com or a:b", []],
    ["javascript:alert(1) data:text/html,x https://", []],
    ['https://x.example/"onmouseover="alert(1)', ["https://x.example/"]],
  ])("of %s", (text, expected) => {
    expect(links(text)).toEqual(expected);
  });

  it("lose and change nothing of the text", () => {
    const text = 'a <b>https://x.example</b> & "https://y.example/1)2" …\n\n再见';
    expect(linkify(text).map((piece) => piece.text).join("")).toBe(text);
  });

  it("are opened only over http and https", () => {
    expect(webAddress("/pay/1", "https://shop.example/")).toBe("https://shop.example/pay/1");
    expect(webAddress("javascript:alert(1)", "https://shop.example/")).toBe("");
    expect(webAddress(" java\nscript:alert(1)", "https://shop.example/")).toBe("");
    expect(webAddress("data:text/html,hi")).toBe("");
  });
});
