import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    include: ["{shared,widget,shop,console}/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
