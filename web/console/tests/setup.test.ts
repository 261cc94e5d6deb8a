import { describe, expect, it } from "vitest";
import { addressOf, placeOf } from "../src/state/route.ts";
import {
  daysOf,
  listed,
  moved,
  textOfDays,
  verdict,
  waitWords,
  withMember,
} from "../src/state/setup/rules.ts";

const outcome = (change: object) => ({
  handoffs: 10,
  left: 0,
  median_wait_s: 120,
  p90_wait_s: 600,
  by_person: {},
  by_team: {},
  anybody: 0,
  ...change,
});

describe("the rules as a form edits them", () => {
  it("reads lists with commas, also while one is being typed", () => {
    expect(listed(" German , ,English,")).toEqual(["German", "English"]);
  });

  it("reads special days a line each and writes them back in order", () => {
    const text = "2026-12-26 10:00-12:00, 13:00-14:00\n2026-12-25\n\n";
    const days = daysOf(text);
    expect(days).toEqual({ "2026-12-25": [], "2026-12-26": ["10:00-12:00", "13:00-14:00"] });
    expect(daysOf(textOfDays(days))).toEqual(days);
    expect(textOfDays(days).startsWith("2026-12-25")).toBe(true);
  });

  it("moves a route up and down, and not over the edge", () => {
    expect(moved(["a", "b", "c"], 2, -1)).toEqual(["a", "c", "b"]);
    expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
  });

  it("puts a person into a team once", () => {
    const team = withMember({ name: "t", members: ["x"], hours: null }, "x", true);
    expect(team.members).toEqual(["x"]);
    expect(withMember(team, "x", false).members).toEqual([]);
  });

  it("says in words what the rules would have changed", () => {
    expect(verdict(outcome({}), outcome({ median_wait_s: 60 }))).toBe(
      "The typical wait would have been 1 min shorter.",
    );
    expect(verdict(outcome({}), outcome({ left: 3 }))).toContain("3 more");
    expect(verdict(outcome({}), outcome({ handoffs: 0 }))).toContain("no handoffs");
    expect(waitWords(null)).toBe("–");
    expect(waitWords(3900)).toBe("1 h 05 min");
  });
});

describe("the address of the desk setup", () => {
  it("survives a reload", () => {
    const place = placeOf("/console/desk/rules", "");
    expect(place.setup).toBe("rules");
    expect(addressOf(place)).toBe("/console/desk/rules");
    expect(placeOf("/console/desk/nonsense", "").setup).toBe("rules");
    expect(placeOf("/console/", "").setup).toBeNull();
  });
});
