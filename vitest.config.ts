import { defineConfig } from "vitest/config";

export default defineConfig({
  // Vite and Node resolve graphql to different files, and graphql refuses to work with two copies of itself.
  resolve: { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/postgres.ts"],
    pool: "forks",
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
