import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

import { faceColor } from "../logic/channels";

const AA = 4.5;
const css = readFileSync(new URL("../styles/tokens.css", import.meta.url), "utf8");
const tokens = (block: string): Record<string, string> => Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
const [light = "", dark = ""] = css.split("html.dark");

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one = "", other = ""): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

it.each([
  ["light", tokens(light)],
  ["dark", { ...tokens(light), ...tokens(dark) }],
])("words can be read on what lies below them: %s", (_, colours) => {
  const pairs = [["on-accent", "accent"], ["accent-text", "accent-soft"], ["warn", "warn-soft"], ["danger", "danger-soft"]];
  for (const below of ["bg", "bg-soft", "bg-sunken", "bg-hover", "accent-soft"]) pairs.push(["text", below], ["text-2", below], ["text-3", below]);
  const faint = pairs.filter(([words = "", below = ""]) => contrast(colours[words], colours[below]) < AA);
  expect(faint).toEqual([]);
});

it("so can the initials on a face", () => {
  for (let at = 0; at < 200; at += 1) expect(contrast("#ffffff", faceColor(`Visitor ${at}`))).toBeGreaterThanOrEqual(AA);
});
