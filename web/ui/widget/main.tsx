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

/** Resolves with the box once the page can hold it; a page may call `window.Parley` from the script's `load` on. */
function begin(): Promise<Parley> {
  if (!(script instanceof HTMLScriptElement)) throw new Error("it has to be loaded by a script tag of its own");
  const settings = readSettings(script, document, navigator.languages);
  return parsed().then(() => mount(settings, document));
}

function parsed(): Promise<void> {
  if (document.readyState !== "loading") return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("DOMContentLoaded", () => resolve(), { once: true }));
}

function failed(error: unknown): void {
  delete window.Parley;
  console.error("Parley: the chat box could not start.", error);
}

function start(): void {
  const box = begin();
  box.catch(failed);
  const then = (act: (parley: Parley) => void): void => void box.then(act, () => undefined);
  window.Parley = {
    open: (text) => then((parley) => parley.open(text)),
    tap: (label, data) => then((parley) => parley.tap(label, data)),
    close: () => then((parley) => parley.close()),
    toggle: () => then((parley) => parley.toggle()),
  };
}

try {
  if (!window.Parley) start();
} catch (error) {
  failed(error);
}
