// @vitest-environment happy-dom
import type { Argument, DryRunResult, Tool } from "@baton/shared/tools";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { addressOf, placeOf, setupPageIsFor } from "../src/state/route.ts";
import { argumentsOf, limitWords, type Typed } from "../src/state/setup/tools.ts";
import { ToolList } from "../src/views/setup/tools.tsx";

const field = (name: string, change: Partial<Argument> = {}): Argument => ({
  name,
  description: "",
  kind: "text",
  required: false,
  choices: [],
  fields: [],
  ...change,
});

const REFUND: Tool = {
  name: "offer_refund",
  description: "Offer a refund.",
  access: "propose",
  needs: "signed",
  limits: { seconds: 5, message_characters: 4000, data_characters: 16000 },
  arguments: [
    field("order_number", { required: true }),
    field("reason", { kind: "choice", required: true, choices: ["damaged", "missing"] }),
    field("items", {
      kind: "list",
      fields: [field("item"), field("quantity", { kind: "number" })],
    }),
  ],
};

const OFFERED: DryRunResult = {
  ok: true,
  code: "proposed",
  message: "I can refund $34.00.",
  data: { kind: "refund" },
  proposal: {
    kind: "refund",
    order_number: "NP-10427",
    lines: [{ name: "Bottle", quantity: 1, amount: "$34.00" }],
    amount: "$34.00",
    destination: "Visa ending 4242",
    rule: "damaged",
    needs_person: null,
  },
};

let root: HTMLElement;
beforeEach(() => {
  root = document.createElement("div");
  document.body.append(root);
});
afterEach(() => {
  render(null, root);
  root.remove();
  vi.unstubAllGlobals();
});

const draw = (list: Tool[]) => act(() => render(<ToolList list={list} />, root));

async function type(name: string, value: string): Promise<void> {
  const input = root.querySelector<HTMLInputElement | HTMLSelectElement>(`[name="${name}"]`);
  if (!input) throw new Error(`no field ${name}`);
  await act(() => {
    input.value = value;
    input.dispatchEvent(new Event(input instanceof HTMLSelectElement ? "change" : "input"));
  });
}

async function press(words: string): Promise<void> {
  const button = [...root.querySelectorAll("button")].find((each) => each.textContent === words);
  if (!button) throw new Error(`no button ${words}`);
  await act(async () => {
    button.click();
    await new Promise((done) => setTimeout(done, 0));
  });
}

test("what stays empty is left out, and numbers, lists and yes or no are what they are", () => {
  const fields = [...REFUND.arguments, field("gift", { kind: "yes_no" }), field("note")];
  const typed: Typed = {
    order_number: "NP-1",
    reason: "damaged",
    items: [{ item: "bottle", quantity: "2" }, { item: "lamp" }],
    gift: "no",
    note: "  ",
  };
  expect(argumentsOf(fields, typed)).toEqual({
    order_number: "NP-1",
    reason: "damaged",
    items: [{ item: "bottle", quantity: 2 }, { item: "lamp" }],
    gift: false,
  });
  expect(argumentsOf(REFUND.arguments, { items: [] })).toEqual({});
});

test("a card says access, level and limits in words", async () => {
  await draw([REFUND]);
  const words = root.textContent;
  expect(words).toContain("Offer refund");
  expect(words).toContain("the customer confirms on a card");
  expect(words).toContain("A customer who is signed in");
  expect(words).toContain(limitWords(REFUND));
  expect(limitWords(REFUND)).toBe("at most 5 s, 4,000 characters of text, 16,000 of data");
});

test("a deployment without tools says what to do", async () => {
  await draw([]);
  expect(root.textContent).toContain("Connect a shop");
});

test("every field has its label, and a dry run shows the proposal that was not made", async () => {
  const fetching = vi.fn(async (_path: string, _init: RequestInit) => Response.json(OFFERED));
  vi.stubGlobal("fetch", fetching);
  await draw([REFUND]);
  await press("Add");
  for (const input of root.querySelectorAll("input, select")) {
    const label = root.querySelector(`label[for="${input.id}"]`) ?? input.closest("label");
    expect(label?.textContent).toBeTruthy();
  }
  await type("customer", " cust_1001 ");
  await type("order_number", "NP-10427");
  await type("reason", "damaged");
  await type("item", "bottle");
  await type("quantity", "1");
  await press("Dry run");
  const [path, init] = fetching.mock.calls[0] ?? [];
  expect(path).toBe("/console/v1/tools/offer_refund/dry_run");
  expect(JSON.parse(String(init?.body))).toEqual({
    external_customer_id: "cust_1001",
    proof: "signed",
    arguments: {
      order_number: "NP-10427",
      reason: "damaged",
      items: [{ item: "bottle", quantity: 1 }],
    },
  });
  const status = root.querySelector('[role="status"]');
  expect(status?.textContent).toContain("1 × Bottle: $34.00");
  expect(status?.textContent).toContain("Nothing was put on record");
});

test("a refusal is told as an alert", async () => {
  const problem = { detail: "There is no tool of that name.", code: "not_found" };
  vi.stubGlobal("fetch", async () => Response.json(problem, { status: 404 }));
  await draw([REFUND]);
  await type("customer", "cust_1001");
  await type("order_number", "NP-1");
  await type("reason", "missing");
  await press("Dry run");
  expect(root.querySelector('[role="alert"]')?.textContent).toContain("no tool of that name");
});

test("the page is for leads and admins, and survives a reload", () => {
  expect(
    ["viewer", "human_agent", "lead", "admin"].map((role) =>
      setupPageIsFor("tools", role as "lead"),
    ),
  ).toEqual([false, false, true, true]);
  expect(setupPageIsFor("audit", "lead")).toBe(false);
  expect(addressOf(placeOf("/console/desk/tools", ""))).toBe("/console/desk/tools");
});
