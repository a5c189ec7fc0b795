/** Builds the staff desk into ../static/desk: hashed assets under /static/desk/, one index.html for every /desk address. */
import { resolve } from "node:path";

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

const root = resolve(import.meta.dirname, "desk");

export default defineConfig({
  root,
  base: "/static/desk/",
  plugins: [vue()],
  build: {
    outDir: resolve(import.meta.dirname, "../static/desk"),
    emptyOutDir: true,
    // A data: URL would need a wider content security policy than 'self'.
    assetsInlineLimit: 0,
    // The charts are one lazy chunk; everything a first visit loads is far below this.
    chunkSizeWarningLimit: 700,
  },
  define: { __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false" },
});
