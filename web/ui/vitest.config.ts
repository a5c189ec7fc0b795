/** Runs the tests of both apps: each has a `vitest.config.ts` of its own. */
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { projects: ["*/vitest.config.ts"] } });
