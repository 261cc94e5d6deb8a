import type { Block, Inline } from "@baton/shared/types";
import { expect, test } from "vitest";
import { highlightQuote } from "../src/quote.ts";

const text = (v: string): Inline => ({ t: "text", v });
const p = (...c: Inline[]): Block => ({ t: "p", c });

/** The words inside the marks, in order. */
function marked(body: Block[], quote: string): string[] {
  const found: string[] = [];
  const walk = (node: unknown, inside: boolean): void => {
    if (Array.isArray(node)) {
      for (const each of node) walk(each, inside);
      return;
    }
    const { t, v, c, rows } = node as { t: string; v?: string; c?: unknown; rows?: unknown };
    if (inside && v !== undefined) found.push(v);
    if (c) walk(c, inside || t === "mark");
    if (rows) walk(rows, inside);
  };
  walk(highlightQuote(body, quote), false);
  return found;
}

test("a quote is found across bold words and keeps its full stop", () => {
  const body = [
    p(
      text("Before. Send gear back within "),
      { t: "strong", c: [text("60 days")] },
      text(" of delivery. After."),
    ),
  ];
  expect(marked(body, "Send gear back within **60 days** of delivery.")).toEqual([
    "Send gear back within ",
    "60 days",
    " of delivery.",
  ]);
});

test("line breaks, bullets and link targets in the quote do not matter", () => {
  const body: Block[] = [
    {
      t: "ul",
      c: [
        [p(text("Open your order"))],
        [p({ t: "link", href: "/label", c: [text("Print the label")] }, text(" at home"))],
      ],
    },
  ];
  expect(marked(body, "- Open your\n  order\n- [Print the label](/label) at home")).toEqual([
    "Open your order",
    "Print the label",
    " at home",
  ]);
});

test("what is not found whole is looked for by sentence", () => {
  const body = [p(text("The label is free in Europe. Canada pays nine dollars."))];
  expect(marked(body, "Canada pays nine dollars. This sentence is gone since.")).toEqual([
    "Canada pays nine dollars.",
  ]);
});

test("a quote that is not there leaves the article as it is", () => {
  const body = [p(text("Nothing to see"))];
  expect(highlightQuote(body, "Completely different words here")).toEqual(body);
  expect(highlightQuote(body, "")).toEqual(body);
});

test("letters outside the first plane are marked whole", () => {
  expect(marked([p(text("Take 𝒜𝒷𝒸𝒹 with you"))], "𝒜𝒷𝒸𝒹")).toEqual(["𝒜𝒷𝒸𝒹"]);
});

test("table cells are marked too", () => {
  const body: Block[] = [
    { t: "table", head: [[text("Region")]], rows: [[[text("Canada and Alaska")], [text("nine")]]] },
  ];
  expect(marked(body, "Canada and Alaska nine")).toEqual(["Canada and Alaska", "nine"]);
});
