import { defineConfig } from "vite";

export default defineConfig({
  build: { outDir: "../dist/shop", emptyOutDir: true, target: "es2022", modulePreload: false },
});
