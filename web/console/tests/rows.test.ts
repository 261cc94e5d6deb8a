import { expect, it } from "vitest";
import { rowsOf } from "../src/state/rows.ts";
import { openTimeline } from "../src/state/timeline.ts";
import { message, opening } from "./fixtures.ts";

const dayOf = (iso: string): string => iso.slice(0, 10);
const kinds = (messages: Parameters<typeof opening>[0]): string[] =>
  rowsOf(openTimeline(opening(messages)), dayOf).map((row) => row.kind);

it("opens each day with a separator", () => {
  const next = message(2, { created_at: "2026-03-02T08:00:00Z" });
  expect(kinds([message(1), next])).toEqual(["day", "entry", "day", "entry"]);
});

it("parts episodes, also within one day", () => {
  expect(kinds([message(1), message(2, { episode: 2 })])).toEqual([
    "day",
    "entry",
    "episode",
    "entry",
  ]);
});

it("names an author once for a run of messages, and again after a pause or a note", () => {
  const note = message(3, { visibility: "note" });
  const later = message(30);
  const rows = rowsOf(openTimeline(opening([message(1), message(2), note, later])), dayOf);
  const continued = rows.flatMap((row) => (row.kind === "entry" ? [row.continued] : []));
  expect(continued).toEqual([false, true, false, false]);
});

it("gives every row its own key", () => {
  const back = message(3, { created_at: "2026-03-02T08:00:00Z" });
  const rows = rowsOf(openTimeline(opening([message(1), back, message(4)])), dayOf);
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
});
