import { describe, expect, it } from "vitest";
import { snoozeChoices } from "../src/state/snooze.ts";

const at = (day: number): Date => new Date(2026, 2, day, 16, 30);

describe("the choices of a snooze", () => {
  it.each([
    ["Thursday", 5, 9],
    ["Saturday", 7, 9],
    ["Monday", 9, 16],
  ])("on a %s lead to tomorrow and to the next Monday", (_, day, monday) => {
    const [forEver, hour, , tomorrow, next] = snoozeChoices(at(day)).map(({ until }) => until);
    expect(forEver).toBeNull();
    expect(hour).toEqual(new Date(2026, 2, day, 17, 30));
    expect(tomorrow).toEqual(new Date(2026, 2, day + 1, 9));
    expect(next).toEqual(new Date(2026, 2, monday, 9));
  });

  it("on a Sunday do not offer the same morning twice", () => {
    expect(snoozeChoices(at(8)).map(({ words }) => words)).not.toContain("Until Monday morning");
  });
});
