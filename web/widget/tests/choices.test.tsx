// @vitest-environment happy-dom
import type { Block, Inline } from "@baton/shared/types";
import { render } from "preact";
import { expect, test, vi } from "vitest";
import type { Chat } from "../src/chat.ts";
import { choicesIn } from "../src/choices.ts";
import * as lines from "../src/timeline.ts";
import { MessageView } from "../src/ui/MessageView.tsx";
import { conversation, message } from "./fakeService.ts";

const p = (...c: Inline[]): Block => ({ t: "p", c });
const text = (v: string): Inline => ({ t: "text", v });
const named = (name: string): Block[] => [p({ t: "strong", c: [text(name)] }, text(" is paid."))];
const LIST: Block = { t: "ul", c: [named("Order NP-1"), named("Order NP-2")] };
const BODY = [p(text("These fit:")), LIST, p(text("Which order do you mean?"))];

function draw(change: object, status = "automated", request = "choose") {
  const asks = message(1, {
    author: { kind: "ai_agent", id: null, display_name: null },
    body: BODY,
    request,
  } as never);
  const before = lines.withConversation(lines.EMPTY, conversation({ status } as never));
  const timeline = lines.withEvent(before, "message_posted", 1, { message: asks });
  const send = vi.fn();
  const chat = { timeline, pending: [], send, reader: {}, ...change } as unknown as Chat;
  const root = document.createElement("div");
  render(<MessageView chat={chat} message={asks} />, root);
  return { root, send, buttons: [...root.querySelectorAll<HTMLButtonElement>("fieldset button")] };
}

test("choices are the list right above the question, each once", () => {
  expect(choicesIn(BODY)).toEqual(["Order NP-1", "Order NP-2"]);
  expect(choicesIn([LIST, p(text("Another answer.")), p(text("Which?"))])).toEqual([]);
  expect(choicesIn([{ t: "ul", c: [[p(text("plain"))], []] }, p(text("Which?"))])).toEqual([]);
  expect(choicesIn([])).toEqual([]);
});

test("each choice is a button in a named group, and a press says it", () => {
  const { root, send, buttons } = draw({});
  expect(root.querySelector("fieldset")?.getAttribute("aria-label")).toBe("Choices");
  expect(buttons.map((each) => each.textContent)).toEqual(["Order NP-1", "Order NP-2"]);
  buttons[1]?.click();
  expect(send.mock.calls).toEqual([["Order NP-2"]]);
});

test("beside articles to choose from a person is one press away", () => {
  const requestHuman = vi.fn();
  const { send, buttons } = draw({ requestHuman }, "automated", "choose_topic");
  expect(buttons.map((each) => each.textContent)).toEqual([
    "Order NP-1",
    "Order NP-2",
    "A person, please",
  ]);
  buttons[2]?.click();
  expect(requestHuman).toHaveBeenCalledOnce();
  expect(send).not.toHaveBeenCalled();
});

test("titles to choose from are said once: as buttons, then as the list", () => {
  expect(draw({}, "automated", "choose_topic").root.querySelectorAll("li")).toHaveLength(0);
  expect(draw({}, "assigned", "choose_topic").root.querySelectorAll("li")).toHaveLength(2);
  expect(draw({}).root.querySelectorAll("li")).toHaveLength(2);
});

test("choices go once the customer has moved on or a person has taken over", () => {
  expect(draw({ pending: [{ id: "x" }] }).buttons).toEqual([]);
  expect(draw({}, "assigned").buttons).toEqual([]);
});
