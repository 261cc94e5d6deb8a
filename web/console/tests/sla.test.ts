import type { SlaClock } from "@baton/shared/types";
import { describe, expect, it } from "vitest";
import { mostUrgent, slaLevel } from "../src/state/sla.ts";

const at = (minute: number): string => new Date(minute * 60_000).toISOString();
const clock = (due: number | null, warn: number | null = null): SlaClock => ({
  clock: "first_response",
  target: "all",
  started_at: at(0),
  warn_at: warn === null ? null : at(warn),
  due_at: due === null ? null : at(due),
});

describe("a promise", () => {
  it("is fine, then due soon, then late, and paused without a due time", () => {
    const levels = [1, 15, 20].map((minute) => slaLevel(clock(20, 15), minute * 60_000));
    expect(levels).toEqual(["fine", "soon", "late"]);
    expect(slaLevel(clock(null), 0)).toBe("paused");
  });

  it("shows the one that runs out first", () => {
    expect(mostUrgent([clock(null), clock(30), clock(20)])?.due_at).toBe(at(20));
    expect(mostUrgent([clock(null)])).toBeNull();
  });
});
