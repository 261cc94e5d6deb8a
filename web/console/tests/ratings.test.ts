import type { Rating } from "@baton/shared/types";
import { describe, expect, it } from "vitest";
import { share } from "../src/state/setup/ratings.ts";
import * as timelines from "../src/state/timeline.ts";
import { ratingWords } from "../src/words.ts";
import { message, opening } from "./fixtures.ts";

const rating = (change: Partial<Rating> = {}): Rating => ({
  id: "r1",
  episode: 1,
  scale: "csat",
  about: "noor",
  message_id: null,
  asked_at: "2026-03-01T09:00:00Z",
  score: null,
  remark: null,
  answered_at: null,
  via: null,
  ...change,
});

describe("ratings in the console", () => {
  it("stand in the timeline where they were asked and given", () => {
    const start = timelines.openTimeline(opening([message(1), message(4)]));
    const at = "2026-03-01T09:05:00Z";
    const asked = timelines.applyEvent(start, {
      name: "rating_asked",
      seq: 2,
      data: { rating: rating(), at },
    });
    const given = timelines.applyEvent(asked, {
      name: "rating_given",
      seq: 5,
      data: { rating: rating({ score: 5 }), at },
    });
    const kinds = given.entries.map((each) => each.kind);
    expect(kinds).toEqual(["message", "rating", "message", "rating"]);
  });

  it.each([
    [{}, "Asked: How was the help?"],
    [{ score: 4 }, "The customer answered “How was the help?” with 4 of 5"],
    [
      { score: 9, scale: "nps", via: "mail" },
      "The customer answered “Would they recommend us?” with 9 of 10, by mail",
    ],
    [{ scale: "solved" }, "Asked whether that solved it"],
    [{ scale: "solved", score: 1 }, "The customer said that it is solved"],
    [{ scale: "solved", score: 0 }, "The customer said that it is not solved"],
  ] as const)("%j reads %s", (change, words) => {
    expect(ratingWords(rating(change))).toBe(words);
  });

  it("give a share of those who answered, and none while nobody has", () => {
    expect(share(5, 6)).toBe("83 %");
    expect(share(0, 0)).toBe("–");
  });
});
