// Reads what the script tag says about itself.

import { DEFAULT_COLOUR, isColour } from "./colour";
import { pickLanguage, type Lang } from "./words";

export interface Settings {
  /** Origin, and the path before `/widget.js` if there is one; no slash at the end. */
  readonly server: string;
  readonly colour: string;
  /** The shop's name, or "" to use the server's. */
  readonly name: string;
  readonly lang: Lang;
  readonly startOpen: boolean;
  /** A CSS selector to draw inside of, or "". */
  readonly target: string;
}

export function readSettings(script: HTMLScriptElement, page: Document, browser: readonly string[]): Settings {
  const data = script.dataset;
  return {
    server: serverOf(data["server"] || new URL(".", script.src).href),
    colour: colourOf(data["color"]),
    name: data["name"] ?? "",
    lang: pickLanguage(data["lang"], page.documentElement.lang, ...browser),
    startOpen: data["open"] !== undefined && data["open"] !== "false",
    target: data["target"] ?? "",
  };
}

function serverOf(address: string): string {
  const url = new URL(address, location.href);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new TypeError(`data-server must be an http(s) address, not "${address}"`);
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

function colourOf(colour = ""): string {
  if (!colour || isColour(colour)) return colour || DEFAULT_COLOUR;
  console.warn(`Parley: data-color="${colour}" is not a colour like "#2f6f4f"; the default is used.`);
  return DEFAULT_COLOUR;
}
