// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test, vi } from "vitest";
import { isSafeHref, plainText, RichText } from "../richText.tsx";
import type { Block, Citation, Inline } from "../types.ts";

function draw(body: Block[], citations: Citation[] = [], onCite = vi.fn()) {
  const root = document.createElement("div");
  render(<RichText body={body} citations={citations} onCite={onCite} />, root);
  return { root, onCite };
}

const p = (...c: Inline[]): Block => ({ t: "p", c });
const SOURCE: Citation = {
  marker: 1,
  article_id: "a",
  passage_id: "p",
  title: "Returns",
  heading: "",
  url: null,
  quote: "",
};

test("markup in text stays text", () => {
  const evil = '<img src=x onerror="alert(1)"><script>alert(1)</script>';
  const { root } = draw([p({ t: "text", v: evil }), { t: "pre", v: evil }]);
  expect(root.querySelectorAll("img, script")).toHaveLength(0);
  expect(root.textContent).toContain(evil);
});

test.each([
  ["https://shop.example/help", true],
  ["/help/returns", true],
  ["javascript:alert(1)", false],
  ["JavaScript:alert(1)", false],
  ["data:text/html,x", false],
  ["http://shop.example", false],
  ["//evil.example", false],
  ["/\\evil.example", false],
  [" https://shop.example", false],
  ["", false],
])("the link %s is followed: %s", (href, safe) => {
  expect(isSafeHref(href)).toBe(safe);
  const { root } = draw([p({ t: "link", href, c: [{ t: "text", v: "here" }] })]);
  expect(root.querySelector("a") !== null).toBe(safe);
  expect(root.textContent).toBe("here");
});

test("links leave in a new tab that cannot reach back", () => {
  const { root } = draw([p({ t: "link", href: "/x", c: [{ t: "text", v: "x" }] })]);
  const link = root.querySelector("a");
  expect(link?.getAttribute("rel")).toContain("noopener");
  expect(link?.getAttribute("target")).toBe("_blank");
});

test("a citation chip opens its source, and one without a source is not drawn", () => {
  const { root, onCite } = draw([p({ t: "cite", n: 1 }, { t: "cite", n: 2 })], [SOURCE]);
  const chips = root.querySelectorAll<HTMLButtonElement>("button.cite");
  expect(chips).toHaveLength(1);
  chips[0]?.click();
  expect(onCite).toHaveBeenCalledWith(SOURCE);
});

test("a block kind of a newer server keeps its words", () => {
  const future = { t: "callout", c: [{ t: "blink", c: [{ t: "text", v: "Mind the gap" }] }] };
  expect(draw([future as unknown as Block]).root.textContent).toBe("Mind the gap");
});

test("lists, tables and headings become their elements", () => {
  const text = (v: string): Inline => ({ t: "text", v });
  const { root } = draw([
    { t: "h", level: 3, c: [text("Title")] },
    { t: "ol", start: 3, c: [[p(text("three"))]] },
    { t: "table", head: [[text("Region")]], rows: [[[text("EU")]]] },
  ]);
  expect(root.querySelector("h3")?.textContent).toBe("Title");
  expect(root.querySelector("ol")?.getAttribute("start")).toBe("3");
  expect(root.querySelector("th")?.textContent).toBe("Region");
  expect(plainText([{ t: "table", head: [[text("a")]], rows: [[[text("b")]]] }])).toBe("a\nb");
});
