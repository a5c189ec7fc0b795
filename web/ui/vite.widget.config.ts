// Builds the chat box: one classic script, ../static/widget.js, small enough for a phone on a train.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const FILE = "widget.js";
const MOST_BYTES = 40 * 1024;

/** Stops the build when the script has grown past what a visitor should wait for. */
function sizeGate(): Plugin {
  return {
    name: "parley-size-gate",
    writeBundle({ dir = "" }, bundle) {
      const files = Object.keys(bundle);
      if (files.length !== 1) this.error(`The chat box must be one file; this build made ${files.join(", ")}.`);
      const bytes = gzipSync(readFileSync(join(dir, FILE)), { level: 9 }).length;
      if (bytes > MOST_BYTES) {
        this.error(`${FILE} is ${bytes} bytes with gzip; ${MOST_BYTES} is the most. Make it smaller, do not raise the limit.`);
      }
      this.info(`${FILE}: ${bytes} of at most ${MOST_BYTES} bytes with gzip`);
    },
  };
}

const widget = (path: string): string => fileURLToPath(new URL(`./widget/${path}`, import.meta.url));

export default defineConfig({
  root: widget(""),
  // Of socket.io only what the chat uses: a visitor should not wait for the rest.
  resolve: {
    alias: [
      { find: /^socket\.io-client$/, replacement: fileURLToPath(new URL("node_modules/socket.io-client/build/esm/manager.js", import.meta.url)) },
      { find: /^\.\/(webtransport|is-binary|binary|encodePacket|decodePacket)\.js$/, replacement: widget("textonly.ts") },
      { find: /^\.\/contrib\/parse(uri|qs)\.js$/, replacement: widget("addresses.ts") },
    ],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [sizeGate()],
  build: {
    target: "es2022",
    cssTarget: ["chrome89", "firefox101", "safari16.4"], // the first with constructable style sheets and logical properties
    outDir: "../../static",
    emptyOutDir: false,
    copyPublicDir: false,
    reportCompressedSize: false,
    lib: { entry: "main.tsx", formats: ["iife"], name: "ParleyWidget", fileName: () => FILE },
  },
});
