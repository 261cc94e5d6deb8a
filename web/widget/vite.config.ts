import { defineConfig } from "vite";

/** One classic script, everything inside: a host page adds a single tag and no style sheet. */
export default defineConfig({
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    outDir: "../dist/widget",
    emptyOutDir: true,
    target: "es2022",
    lib: {
      entry: "src/main.ts",
      formats: ["iife"],
      name: "BatonWidget",
      fileName: () => "widget.js",
    },
  },
});
