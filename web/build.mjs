/** Builds every page into dist/. `node build.mjs widget shop` builds only those. */
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const PAGES = ["widget", "shop", "console", "api-docs"];
/** What the API page loads; the package also ships bundles and source maps nobody asks for. */
const SWAGGER_FILES = [
  "swagger-ui.css",
  "swagger-ui-bundle.js",
  "favicon-32x32.png",
  "LICENSE",
  "NOTICE",
];

const asked = process.argv.slice(2);
for (const page of asked.length > 0 ? asked : PAGES) {
  if (!PAGES.includes(page)) throw new Error(`no page "${page}"; there are ${PAGES.join(", ")}`);
  if (page === "api-docs") await copyApiDocs();
  else await buildPage(page);
}

async function buildPage(page) {
  const root = join(here, page);
  await build({ root, configFile: join(root, "vite.config.ts"), logLevel: "warn" });
}

async function copyApiDocs() {
  const target = join(here, "dist", "api-docs");
  const source = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  for (const file of SWAGGER_FILES) await cp(join(source, file), join(target, file));
  for (const file of await readdir(join(here, "api-docs"))) {
    await cp(join(here, "api-docs", file), join(target, file));
  }
}
