import type { Inbox, Summary } from "@baton/shared/types";
import { describe, expect, it } from "vitest";
import { type DraftStorage, readDraft, writeDraft } from "../src/state/drafts.ts";
import { arrivals, customerName, mergePages, neighbour, pageTitle } from "../src/state/inbox.ts";
import { addressOf, placeOf } from "../src/state/route.ts";
import { commandOf, WRITING, writingCommandOf } from "../src/state/shortcuts.ts";
import { everyAtMost } from "../src/state/throttle.ts";
import { formatWaiting, spokenWaiting, waitingLevel } from "../src/state/waiting.ts";
import { conversation } from "./fixtures.ts";

const row = (id: string): Summary => ({
  ...conversation({ id }),
  reason: "low_confidence",
  detail: null,
  preview: null,
  waiting_since: null,
  team: null,
  head_start_minutes: 0,
  placed_because: [],
  clocks: [],
  tags: [],
});
const frame = (...ids: string[]): Inbox => ({
  counts: {
    queue: ids.length,
    mine: 0,
    team: 0,
    at_risk: 0,
    snoozed: 0,
    open: 0,
    automated: 0,
    resolved: 0,
  },
  queue: ids.map(row),
  mine: [],
  human_agents: [],
});
const press = (key: string, change = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  isComposing: false,
  ...change,
});

describe("waiting time", () => {
  it.each([
    [-5000, "0:00", "less than a minute"],
    [42_000, "0:42", "less than a minute"],
    [545_000, "9:05", "9 minutes"],
    [3_900_000, "1h 05m", "1 hour 5 minutes"],
    [7_200_000, "2h 00m", "2 hours"],
    [183_600_000, "2d 3h", "2 days"],
  ])("of %i ms reads %s and is spoken as %s", (ms, written, spoken) => {
    expect(formatWaiting(ms)).toBe(written);
    expect(spokenWaiting(ms)).toBe(spoken);
  });

  it("turns amber after three minutes and red after ten", () => {
    expect([0, 179_999, 180_000, 599_999, 600_000].map(waitingLevel)).toEqual([
      "calm",
      "calm",
      "warm",
      "warm",
      "late",
    ]);
  });
});

describe("the inbox", () => {
  it("announces who joined the queue, but nobody on the first frame", () => {
    expect(arrivals(null, frame("a"))).toEqual([]);
    expect(arrivals(frame("a"), frame("a", "b")).map((each) => each.id)).toEqual(["b"]);
  });

  it("moves through the list and stops at its ends", () => {
    expect(neighbour(["a", "b"], null, 1)).toBe("a");
    expect(neighbour(["a", "b"], "a", 1)).toBe("b");
    expect(neighbour(["a", "b"], "b", 1)).toBe("b");
    expect(neighbour(["a", "b"], "gone", -1)).toBe("b");
    expect(neighbour([], null, 1)).toBeNull();
  });

  it("tells visitors apart by their ids", () => {
    expect(customerName({ id: "cus_9a22", display_name: null })).toBe("Visitor 9A22");
  });

  it("does not list a conversation twice when it moved to the next page", () => {
    const merged = mergePages([row("a"), row("b")], [row("b"), row("c")]);
    expect(merged.map((each) => each.id)).toEqual(["a", "b", "c"]);
  });

  it("counts the waiting in the page title", () => {
    expect(pageTitle(frame("a", "b"))).toBe("(2) Baton console");
    expect(pageTitle(frame())).toBe("Baton console");
  });
});

describe("keys", () => {
  it("do nothing while somebody types, composes, or holds a modifier", () => {
    expect(commandOf(press("j"), false, false)).toBe("next");
    expect(commandOf(press("j"), true, false)).toBeNull();
    expect(commandOf(press("c", { ctrlKey: true }), false, false)).toBeNull();
    expect(commandOf(press("j", { isComposing: true }), false, false)).toBeNull();
  });

  it("leave Enter to the button that has the focus", () => {
    expect(commandOf(press("Enter"), false, true)).toBeNull();
    expect(commandOf(press("Enter"), false, false)).toBe("open");
  });

  it("send on Enter and Ctrl+Enter, not on Shift+Enter or an input method's Enter", () => {
    expect(writingCommandOf(press("Enter"))).toBe("send");
    expect(writingCommandOf(press("Enter", { ctrlKey: true }))).toBe("send");
    expect(writingCommandOf(press("Enter", { shiftKey: true }))).toBe("newLine");
    expect(writingCommandOf(press("Enter", { isComposing: true }))).toBeNull();
    expect(writingCommandOf(press("Escape", { isComposing: true }))).toBeNull();
    for (const { key, shift, command } of WRITING)
      expect(writingCommandOf(press(key, { shiftKey: shift }))).toBe(command);
  });
});

describe("addresses", () => {
  it.each([
    [
      "/console/",
      "",
      {
        view: "queue",
        conversation: null,
        knowledge: null,
        setup: null,
        actions: false,
        evals: null,
      },
    ],
    [
      "/console",
      "",
      {
        view: "queue",
        conversation: null,
        knowledge: null,
        setup: null,
        actions: false,
        evals: null,
      },
    ],
    [
      "/console/c/c%201",
      "?view=mine",
      {
        view: "mine",
        conversation: "c 1",
        knowledge: null,
        setup: null,
        actions: false,
        evals: null,
      },
    ],
    [
      "/console/",
      "?view=nonsense",
      {
        view: "queue",
        conversation: null,
        knowledge: null,
        setup: null,
        actions: false,
        evals: null,
      },
    ],
  ] as const)("%s%s", (path, query, place) => {
    expect(placeOf(path, query)).toEqual(place);
  });

  it("lead back to the same place", () => {
    const place = {
      view: "resolved",
      conversation: "c/1",
      knowledge: null,
      setup: null,
      actions: false,
      evals: null,
    } as const;
    const [path = "", query = ""] = addressOf(place).split("?");
    expect(placeOf(path, query)).toEqual(place);
  });
});

describe("drafts", () => {
  const kept = new Map<string, string>();
  const storage: DraftStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };

  it("are kept per conversation and tab, and removed when empty", () => {
    writeDraft(storage, "c1", "reply", "Dear Priya");
    expect(readDraft(storage, "c1", "reply")).toBe("Dear Priya");
    expect(readDraft(storage, "c1", "note")).toBe("");
    expect(readDraft(storage, "c2", "reply")).toBe("");
    writeDraft(storage, "c1", "reply", "  ");
    expect(kept.size).toBe(0);
  });

  it("do not break typing when the storage is full", () => {
    const full: DraftStorage = {
      ...storage,
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
    };
    expect(() => writeDraft(full, "c1", "reply", "text")).not.toThrow();
  });
});

it("typing signals go out at most every three seconds", () => {
  let time = 0;
  let sent = 0;
  const throttled = everyAtMost(3000, () => time);
  for (time of [0, 1000, 2999, 3000, 5000, 6000]) throttled(() => sent++);
  expect(sent).toBe(3);
});
