// @vitest-environment happy-dom
import type { Rating } from "@baton/shared/types";
import { render } from "preact";
import { expect, test, vi } from "vitest";
import { Refusal } from "../src/api.ts";
import type { Chat } from "../src/chat.ts";
import * as lines from "../src/timeline.ts";
import { MessageView } from "../src/ui/MessageView.tsx";
import { Survey } from "../src/ui/Survey.tsx";
import { conversation, message } from "./fakeService.ts";

const rating = (change: Partial<Rating> = {}): Rating => ({
  id: "r1",
  episode: 1,
  scale: "csat",
  about: "noor",
  message_id: null,
  asked_at: "2026-11-22T09:00:00Z",
  score: null,
  remark: null,
  answered_at: null,
  via: null,
  ...change,
});

const after = (status: string, ...ratings: Rating[]): lines.Timeline =>
  ratings.reduce(
    (timeline, each, at) => lines.withEvent(timeline, "rating_asked", at + 1, { rating: each }),
    lines.withConversation(lines.EMPTY, conversation({ status } as never)),
  );

const rated = (refusal?: Error) =>
  vi.fn(() => (refusal ? Promise.reject(refusal) : Promise.resolve()));

function drawSurvey(timeline: lines.Timeline, rate = rated()) {
  const root = document.createElement("div");
  document.body.append(root);
  render(<Survey chat={{ timeline, rate } as unknown as Chat} />, root);
  const at = (id: string) => root.querySelector<HTMLButtonElement>(`[data-testid="${id}"]`);
  return { root, rate, at };
}

test("a resolved conversation asks how the help was, in its newest episode only", () => {
  expect(lines.survey(after("resolved", rating()))?.id).toBe("r1");
  expect(lines.survey(after("assigned", rating()))).toBeNull();
  expect(lines.survey(after("resolved", rating({ episode: 0 })))).toBeNull();
  expect(lines.survey(after("resolved", rating({ scale: "solved" })))).toBeNull();
});

test("a replayed asking does not take an answer back, and a second thought replaces it", () => {
  const given = rating({ score: 4, answered_at: "2026-11-22T09:01:00Z" });
  const answered = lines.withRating(after("resolved", rating()), 9, given);
  expect(lines.withRating(answered, 1, rating()).ratings).toEqual([given]);
  const second = rating({ score: 2, answered_at: "2026-11-22T09:02:00Z" });
  expect(lines.withRating(answered, 10, second).ratings).toEqual([second]);
});

test("one press rates, words may follow, and then it is over", () => {
  const open = drawSurvey(after("resolved", rating()));
  expect(open.root.querySelectorAll(".score")).toHaveLength(5);
  expect(open.at("score-1")?.getAttribute("aria-label")).toBe("1, Terrible");
  expect(open.at("remark")).toBeNull();
  open.at("score-4")?.click();
  expect(open.rate).toHaveBeenCalledWith(expect.objectContaining({ id: "r1" }), 4, null);
  const scored = drawSurvey(after("resolved", rating({ score: 4, answered_at: "x" })));
  expect(scored.at("score-4")?.getAttribute("aria-pressed")).toBe("true");
  expect(scored.at("remark")).not.toBeNull();
  const over = drawSurvey(after("resolved", rating({ score: 4, remark: "Kind." })));
  expect(over.root.textContent).toBe("Thank you for telling us.");
});

test.each([
  ["ces", 7],
  ["nps", 11],
] as const)("%s has %i scores", (scale, count) => {
  const { root } = drawSurvey(after("resolved", rating({ scale })));
  expect(root.querySelectorAll(".score")).toHaveLength(count);
});

test("a refusal is said in its own words", async () => {
  const rate = rated(new Refusal(409, { detail: "Your answer is with us already." }));
  const { root, at } = drawSurvey(after("resolved", rating()), rate);
  at("score-4")?.click();
  await vi.waitFor(() =>
    expect(root.querySelector('[role="alert"]')?.textContent).toBe(
      "Your answer is with us already.",
    ),
  );
});

function drawSolved(timeline: lines.Timeline, pending: unknown[] = []) {
  const asks = message(7, {
    author: { kind: "ai_agent", id: null, display_name: null },
    request: "solved",
  } as never);
  const rate = rated();
  const chat = { timeline: lines.withMessage(timeline, asks), pending, rate, reader: {} };
  const root = document.createElement("div");
  render(<MessageView chat={chat as unknown as Chat} message={asks} />, root);
  return { root, rate, buttons: [...root.querySelectorAll<HTMLButtonElement>("fieldset button")] };
}

test("whether it is solved takes one press, while nothing was said since", () => {
  const asked = rating({ scale: "solved", about: null });
  const { rate, buttons } = drawSolved(after("automated", asked));
  expect(buttons.map((each) => each.textContent)).toEqual(["Yes, thanks", "No"]);
  buttons[0]?.click();
  buttons[1]?.click();
  expect(rate.mock.calls).toEqual([
    [asked, 1],
    [asked, 0],
  ]);
  expect(drawSolved(after("automated", asked), [{ id: "x" }]).buttons).toEqual([]);
  expect(drawSolved(after("assigned", asked)).buttons).toEqual([]);
  expect(drawSolved(after("automated", { ...asked, score: 1 })).buttons).toEqual([]);
  const moved = lines.withMessage(after("automated", asked), message(9));
  expect(drawSolved(moved).buttons).toEqual([]);
});

test("the question is no news that a closed panel counts", () => {
  const asks = message(7, { request: "solved" } as never);
  expect(lines.unreadSince(lines.withMessage(after("automated"), asks), 0)).toBe(0);
});
