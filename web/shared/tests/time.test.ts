import { expect, test } from "vitest";
import { newId } from "../ids.ts";
import { relativeTime, shortAge, stopwatch } from "../time.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

test.each([
  [5, "now", "just now"],
  [61, "1 min", "1 minute ago"],
  [3 * 3600, "3 h", "3 hours ago"],
  [25 * 3600, "1 d", "yesterday"],
  [3 * 86400, "3 d", "3 days ago"],
])("%i seconds ago is %s", (seconds, short, long) => {
  expect(shortAge(ago(seconds), NOW)).toBe(short);
  expect(relativeTime(ago(seconds), NOW)).toBe(long);
});

test("a broken instant is shown as nothing", () => {
  expect(shortAge("soon", NOW)).toBe("");
  expect(relativeTime("soon", NOW)).toBe("");
});

test("waiting time counts up and never below zero", () => {
  expect(stopwatch(ago(65), NOW)).toBe("1:05");
  expect(stopwatch(ago(3729), NOW)).toBe("1:02:09");
  expect(stopwatch(ago(-30), NOW)).toBe("0:00");
});

test("ids are 32 hex characters and differ", () => {
  const ids = new Set(Array.from({ length: 1000 }, newId));
  expect(ids.size).toBe(1000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
});
