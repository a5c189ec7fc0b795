// The box's style sheets, constructed by script: a strict CSP allows them, and the page's styles stay outside.

import type { Shades } from "../colour";
import base from "./base.css?inline";
import composer from "./composer.css?inline";
import form from "./form.css?inline";
import panel from "./panel.css?inline";
import rich from "./rich.css?inline";
import thread from "./thread.css?inline";

export function sheets(shades: Shades): CSSStyleSheet[] {
  return [sheet(colours(shades)), sheet(base + panel + thread + rich + form + composer)];
}

function colours({ accent, on, hover, text, darkText, darkAccent, tint, darkTint }: Shades): string {
  return `.root{--accent:${accent};--on:${on};--hover:${hover};--accent-text:${text};--tint:${tint}}
@media (prefers-color-scheme:dark){.root{--accent:${darkAccent};--accent-text:${darkText};--tint:${darkTint}}}`;
}

function sheet(css: string): CSSStyleSheet {
  const result = new CSSStyleSheet();
  result.replaceSync(css);
  return result;
}
