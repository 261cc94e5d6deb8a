import type { ActionCard } from "@baton/shared/types";
import { expect, test } from "vitest";
import type { OutboxEntry } from "../src/outbox.ts";
import * as lines from "../src/timeline.ts";
import { conversation, message, statusChanged } from "./fakeService.ts";

const MAYA = { id: "h1", display_name: "Maya" };
const BY_MAYA = { kind: "human_agent", ...MAYA } as const;

function withAll(...events: [string, number, unknown][]): lines.Timeline {
  let timeline = lines.withConversation(lines.EMPTY, conversation());
  for (const [name, seq, data] of events) timeline = lines.withEvent(timeline, name, seq, data);
  return timeline;
}

const posted = (seq: number, change = {}): [string, number, unknown] => [
  "message_posted",
  seq,
  { message: message(seq, change) },
];
const texts = (timeline: lines.Timeline) =>
  lines
    .items(timeline, [])
    .map((item) => (item.type === "transition" ? item.transition.text : item.key));

test("events out of order are shown by seq, and each once", () => {
  const timeline = withAll(posted(3), posted(1), posted(3), posted(2), posted(1));
  expect(timeline.messages.map((each) => each.seq)).toEqual([1, 2, 3]);
});

test("a pending entry gives way to its message and keeps the key", () => {
  const entry = { id: "x1", kind: "message", text: "hi" } as OutboxEntry;
  const before = lines.items(lines.EMPTY, [entry]);
  const after = lines.items(withAll(posted(1, { client_message_id: "x1" })), [entry]);
  expect(before.map((item) => [item.type, item.key])).toEqual([["pending", "x1"]]);
  expect(after.map((item) => [item.type, item.key])).toEqual([["message", "x1"]]);
});

test("a reply that grows stays one line, however often its events are read", () => {
  const grown = (seq: number, text: string, state: string): [string, number, unknown] => [
    "message_changed",
    seq,
    { message: message(1, { text, state } as never) },
  ];
  const whole = grown(3, "One. Two.", "complete");
  const timeline = withAll(
    posted(1, { text: "One.", state: "writing" }),
    grown(2, "One. Two.", "writing"),
    whole,
    whole,
  );
  expect(timeline.messages.map(({ text, state }) => [text, state])).toEqual([
    ["One. Two.", "complete"],
  ]);
  expect(timeline.conversation?.last_seq).toBeGreaterThanOrEqual(3);
});

test("what is going on stays on the page while a reply is written", () => {
  const at = { who: "ai_agent", activity: "writing", display_name: null } as const;
  const busy = lines.withActivity(withAll(), at, 0);
  const shown = (state: string) =>
    lines.withEvent(busy, "message_posted", 1, { message: message(1, { state } as never) });
  expect(shown("writing").activity).not.toBeNull();
  expect(shown("complete").activity).toBeNull();
});

test("notes never reach the log, even if a server sends one", () => {
  expect(withAll(posted(1, { visibility: "note" })).messages).toEqual([]);
});

test("every transition gives exactly one line in plain words", () => {
  const claim = { verb: "claim", from: "queued", to: "assigned", by: BY_MAYA, assignee: MAYA };
  const back = { verb: "return_to_ai", from: "assigned", to: "automated", by: BY_MAYA };
  const end = { verb: "resolve", from: "automated", to: "resolved", by: BY_MAYA };
  const events: [string, number, unknown][] = [
    ["status_changed", 1, statusChanged()],
    ["status_changed", 2, statusChanged({ ...claim, owner_epoch: 2 } as never)],
    ["status_changed", 3, statusChanged({ ...back, owner_epoch: 3 } as never)],
    ["status_changed", 4, statusChanged({ ...end, owner_epoch: 4 } as never)],
  ];
  expect(texts(withAll(...events, ...events))).toEqual([
    "You're in the queue — we'll be with you shortly",
    "Maya joined",
    "Maya handed you back to the AI agent",
    "This conversation is resolved. Write again any time to pick it up",
  ]);
});

test("a replayed old change does not turn the status back", () => {
  const now = conversation({ status: "assigned", owner_epoch: 2, assignee: MAYA, last_seq: 5 });
  const snapshot = {
    conversation: now,
    messages: [],
    older_cursor: null,
    last_seq: 5,
    actions: [],
    ratings: [],
  };
  const loaded = lines.withSnapshot(lines.EMPTY, snapshot);
  const replayed = lines.withEvent(loaded, "status_changed", 3, statusChanged());
  expect(replayed.conversation).toMatchObject({ status: "assigned", assignee: MAYA });
  expect(replayed.transitions).toHaveLength(1);
});

test("a new change moves the status and names the person", () => {
  const timeline = withAll([
    "status_changed",
    1,
    statusChanged({ verb: "claim", to: "assigned", by: BY_MAYA, assignee: MAYA }),
  ]);
  expect(timeline.conversation).toMatchObject({ status: "assigned", assignee: MAYA, last_seq: 1 });
});

test("an older page brings what happened between its messages, and moves nothing", () => {
  const now = conversation({ status: "automated", owner_epoch: 5, last_seq: 9 });
  const loaded = lines.withConversation(withAll(posted(8)), now);
  const busy = lines.withActivity(
    loaded,
    { who: "ai_agent", activity: "writing", display_name: null },
    0,
  );
  const event = { kind: "status_changed", seq: 3, data: statusChanged() };
  const page = { messages: [message(2)], older_cursor: null, events: [event] };
  const joined = lines.withOlder(busy, page);
  expect(lines.items(joined, []).map((item) => item.type)).toEqual([
    "message",
    "transition",
    "message",
  ]);
  expect(joined.conversation).toEqual(now);
  expect(joined.activity?.activity).toBe("writing");
});

test("an older snapshot does not undo what events told", () => {
  const live = withAll(posted(1), ["status_changed", 2, statusChanged()]);
  const stale = { conversation: conversation({ last_seq: 1 }), older_cursor: null, last_seq: 1 };
  const joined = lines.withSnapshot(live, {
    ...stale,
    messages: [message(1)],
    actions: [],
    ratings: [],
  });
  expect(joined.conversation?.status).toBe("queued");
  expect(joined.messages).toHaveLength(1);
});

const card = (seq: number, change: Partial<ActionCard> = {}): ActionCard => ({
  id: `a${seq}`,
  seq,
  kind: "refund",
  standing: "open",
  title: "Refund",
  amount: "$34.00",
  lines: [],
  rows: [],
  note: "",
  confirm: "Confirm refund",
  token: "t",
  expires_at: "2026-11-22T09:30:00Z",
  updated_at: "2026-11-22T09:00:00Z",
  ...change,
});
const changed = (seq: number, told: ActionCard): [string, number, unknown] => [
  "action_changed",
  seq,
  { action_id: told.id, state: "", at: "", card: told },
];

test("a card stands where it was offered and shows its newest standing", () => {
  const done = card(2, { standing: "done", updated_at: "2026-11-22T09:01:00Z" });
  const timeline = withAll(posted(1), changed(2, card(2)), posted(3), changed(4, done));
  const shown = lines.items(timeline, []);
  expect(shown.map((item) => item.type)).toEqual(["message", "card", "message"]);
  expect(timeline.cards.map((each) => each.standing)).toEqual(["done"]);
});

test("an older picture of a card does not undo what events told", () => {
  const done = card(2, { standing: "done", updated_at: "2026-11-22T09:01:00Z" });
  const live = withAll(posted(1), changed(3, done));
  const snapshot = {
    conversation: conversation(),
    messages: [message(1)],
    older_cursor: null,
    last_seq: 2,
    actions: [card(2)],
    ratings: [],
  };
  expect(lines.withSnapshot(live, snapshot).cards[0]?.standing).toBe("done");
});

test("a card above the oldest message shown comes with its page", () => {
  const snapshot = {
    conversation: conversation(),
    messages: [message(9)],
    older_cursor: 9,
    last_seq: 9,
    actions: [card(2)],
    ratings: [],
  };
  const timeline = lines.withSnapshot(lines.EMPTY, snapshot);
  expect(lines.items(timeline, []).map((item) => item.type)).toEqual(["message"]);
  const page = { messages: [message(1)], older_cursor: null, events: [] };
  expect(lines.items(lines.withOlder(timeline, page), [])).toHaveLength(3);
});

test("an activity line ends with the message of its author, on stop, on handoff and after 30 s", () => {
  const busy = lines.withActivity(
    withAll(),
    { who: "ai_agent", activity: "searching", display_name: null },
    1_000,
  );
  expect(busy.activity?.activity).toBe("searching");
  const stop = { who: "ai_agent", activity: null, display_name: null } as const;
  expect(lines.withActivity(busy, stop, 2_000).activity).toBeNull();
  expect(lines.withMessage(busy, message(1)).activity).toBeNull();
  expect(lines.withEvent(busy, "status_changed", 1, statusChanged()).activity).toBeNull();
  expect(lines.withoutStale(busy, 30_999).activity).not.toBeNull();
  expect(lines.withoutStale(busy, 31_000).activity).toBeNull();
});

test("an activity line outlives the customer's own message and another author's stop", () => {
  const busy = lines.withActivity(
    withAll(),
    { who: "human_agent", activity: "typing", display_name: "Maya" },
    0,
  );
  const own = message(1, { author: { kind: "customer", id: null, display_name: null } });
  expect(lines.withMessage(busy, own).activity).not.toBeNull();
  const stop = { who: "ai_agent", activity: null, display_name: null } as const;
  expect(lines.withActivity(busy, stop, 1).activity).not.toBeNull();
});

test("the customer's own and system messages are not unread", () => {
  const timeline = withAll(
    posted(1, { author: { kind: "customer", id: null, display_name: null } }),
    posted(2),
    posted(3, { author: { kind: "system", id: null, display_name: null } }),
    posted(4, { author: { kind: "human_agent", ...MAYA } }),
  );
  expect(lines.unreadSince(timeline, 0)).toBe(2);
  expect(lines.unreadSince(timeline, 2)).toBe(1);
});

test("an event kind this widget does not know changes nothing that is shown", () => {
  const timeline = withAll(["weather_changed", 1, { rain: true }]);
  expect(lines.items(timeline, [])).toEqual([]);
  expect(timeline.conversation?.last_seq).toBe(1);
});
