import { defineConfig } from "vite";
import { compress } from "./compress.js";
import { includes } from "./includes.js";

const pages = ["home", "start", "explorer", "schema", "board"];

export default defineConfig({
  root: import.meta.dirname,
  logLevel: "warn",
  plugins: [includes, compress(`${import.meta.dirname}/../dist/web/assets`)],
  worker: { format: "es" },
  build: {
    outDir: "../dist/web",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 10_000,
    rollupOptions: {
      input: pages.map((page) => `${import.meta.dirname}/${page}.html`),
      // Libraries mark modules for React's server, which is no part of this.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
    },
  },
});
