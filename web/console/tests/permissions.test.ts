import { describe, expect, it } from "vitest";
import { allows, availableActions, replyLock } from "../src/state/permissions.ts";
import { takeoverNotice } from "../src/state/takeover.ts";
import { claimed, conversation, JONAS, MAYA } from "./fixtures.ts";

const mine = conversation({ status: "assigned", assignee: MAYA });
const theirs = conversation({ status: "assigned", assignee: JONAS });
const held = (status: Parameters<typeof conversation>[0]) => conversation(status);

describe("the reply tab", () => {
  it.each([
    ["mine", mine, { kind: "open" }],
    ["a colleague's", theirs, { kind: "held", by: "Jonas" }],
    ["with the AI agent", held({ status: "automated" }), { kind: "take_over", from: "ai_agent" }],
    ["in the queue", held({ status: "queued" }), { kind: "take_over", from: "queue" }],
    ["snoozed", held({ status: "snoozed" }), { kind: "take_over", from: "snoozed" }],
    ["resolved", held({ status: "resolved" }), { kind: "resolved" }],
  ])("of a conversation that is %s", (_, state, lock) => {
    expect(replyLock(state, MAYA.id)).toEqual(lock);
  });
});

describe("the buttons", () => {
  it.each([
    ["mine", mine, ["resolve", "snooze", "return_to_ai", "release", "assign"]],
    ["a colleague's", theirs, ["assign"]],
    ["with the AI agent", held({ status: "automated" }), ["claim", "assign", "resolve"]],
    [
      "in the queue",
      held({ status: "queued" }),
      ["claim", "assign", "return_to_ai", "snooze", "resolve"],
    ],
    ["resolved", held({ status: "resolved" }), ["reopen"]],
  ])("of a conversation that is %s", (_, state, verbs) => {
    expect(availableActions(state, MAYA.id).map((each) => each.verb)).toEqual(verbs);
  });

  it("offer no claim of what is mine already", () => {
    expect(allows(mine, MAYA.id, "claim")).toBe(false);
  });
});

describe("the notice of a takeover", () => {
  it("names the colleague who was faster", () => {
    expect(takeoverNotice(claimed(), conversation(), MAYA)).toBe(
      "Jonas just took this conversation.",
    );
  });

  it("stays silent about my own moves", () => {
    const own = claimed({ assignee: MAYA, by: { kind: "human_agent", ...MAYA } });
    expect(takeoverNotice(own, conversation(), MAYA)).toBeNull();
  });

  it("says when a conversation is given to me or taken from me", () => {
    expect(takeoverNotice(claimed({ verb: "assign", assignee: MAYA }), conversation(), MAYA)).toBe(
      "Jonas assigned this conversation to you.",
    );
    expect(takeoverNotice(claimed({ verb: "release", assignee: null }), mine, MAYA)).toBe(
      "This conversation is no longer assigned to you.",
    );
  });
});
