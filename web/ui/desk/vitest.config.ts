/** Runs the desk's tests; those that need a page say so themselves (`@vitest-environment happy-dom`). */
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [vue()],
  test: { name: "desk", include: ["tests/**/*.test.ts"] },
});
