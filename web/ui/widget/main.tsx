// The script tag's entry: draws the chat box, or leaves the page exactly as it was.

import { mount, type Parley } from "./mount";
import { readSettings } from "./settings";

declare global {
  interface Window {
    Parley?: Parley;
  }
}

// Known only while the script runs for the first time, so it is read before anything is waited for.
const script = document.currentScript;

function begin(): void {
  if (window.Parley) return;
  try {
    if (!(script instanceof HTMLScriptElement)) throw new Error("it has to be loaded by a script tag of its own");
    const settings = readSettings(script, document, navigator.languages);
    window.Parley = mount(settings, document);
  } catch (error) {
    console.error("Parley: the chat box could not start.", error);
  }
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin, { once: true });
else begin();
