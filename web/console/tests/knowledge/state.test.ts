import type { Block } from "@baton/shared/types";
import { describe, expect, it } from "vitest";
import {
  askedFor,
  citedWords,
  hasMore,
  helpfulWords,
  isFiltered,
  joined,
  withFilter,
} from "../../src/state/knowledge/articles.ts";
import { against, differences } from "../../src/state/knowledge/differences.ts";
import {
  besideNeighbour,
  markedText,
  markedTitle,
  segmentsOf,
  shareOf,
  viewerOf,
  whyHere,
} from "../../src/state/knowledge/explain.ts";
import {
  changeWords,
  countWords,
  isNews,
  shareDone,
  spoken,
  stageWords,
  timeLeft,
} from "../../src/state/knowledge/progress.ts";
import { at, knowledgeAddress, knowledgePlaceOf, pageOf } from "../../src/state/knowledge/route.ts";
import { withoutTitle } from "../../src/state/knowledge/title.ts";
import { addressOf, placeOf } from "../../src/state/route.ts";
import { finished, hit, page, row, running } from "./fixtures.ts";

describe("addresses of the knowledge area", () => {
  it.each([
    at("sources"),
    at("articles", { state: "draft", search: "return & refund" }),
    at("articles", { edit: "1" }, "guides/returns 2"),
    at("search", { q: "how long?", as: "signed_in" }),
    at("versions", { before: "3", after: "4" }),
    at("write"),
  ])("lead back to the same place: %o", (place) => {
    const [path = "", query = ""] = knowledgeAddress(place).split("?");
    expect(knowledgePlaceOf(path, query)).toEqual(place);
    expect(placeOf(path, query).knowledge).toEqual(place);
  });

  it("begin with the sources, also where the page is unknown", () => {
    expect(knowledgePlaceOf("/console/knowledge", "")).toEqual(at("sources"));
    expect(knowledgePlaceOf("/console/knowledge/nonsense", "")).toEqual(at("sources"));
    expect(knowledgePlaceOf("/console/knowledgeable", "")).toBeNull();
  });

  it("leave the inbox's own addresses alone", () => {
    const place = placeOf("/console/c/c1", "?view=mine");
    expect(place).toEqual({
      view: "mine",
      conversation: "c1",
      knowledge: null,
      setup: null,
      actions: false,
      evals: null,
    });
    expect(addressOf(place)).toBe("/console/c/c1?view=mine");
  });

  it("show a new article in the rail where articles are", () => {
    expect(pageOf(at("write"))).toBe("articles");
  });
});

describe("a running sync", () => {
  it("shows its share, or that nobody knows it yet", () => {
    expect(shareDone(running({ done: 25 }))).toBe(0.25);
    expect(shareDone(running({ done: 25, total: 0 }))).toBeNull();
    expect(countWords(running({ done: 25 }))).toBe("25 of 100");
    expect(countWords(running({ done: 25, total: 0 }))).toBe("25 so far");
    expect(countWords(running({ total: 0 }))).toBe("");
  });

  it.each([
    [null, ""],
    [2, "a few seconds left"],
    [12, "about 15 seconds left"],
    [54, "about 55 seconds left"],
    [70, "about 1 minute left"],
    [600, "about 10 minutes left"],
    [7300, "about 2 hours left"],
  ])("with %s seconds left says %s", (seconds, words) => {
    expect(timeLeft(seconds)).toBe(words);
  });

  it("is spoken of at a new stage, at each quarter and at the end, and not in between", () => {
    const at10 = { running: running({ done: 10 }), last: null };
    const at20 = { running: running({ done: 20 }), last: null };
    const at30 = { running: running({ done: 30 }), last: null };
    const indexing = { running: running({ stage: "indexing" }), last: null };
    const over = { running: null, last: finished() };
    expect(spoken(null, { running: null, last: finished() })).toBeNull();
    expect(spoken({ running: null, last: null }, at10)).toBe("Computing what passages mean.");
    expect(spoken(at10, at20)).toBeNull();
    expect(spoken(at20, at30)).toBe("Computing what passages mean: 25 percent.");
    expect(spoken(at30, indexing)).toBe("Building the index.");
    expect(spoken(indexing, over)).toBe("Sync finished. 2 added, 0 changed, 0 removed.");
  });

  it("is news for ten minutes when it went well, and until the next one when it did not", () => {
    const at = Date.parse(finished().finished_at);
    expect(isNews(finished(), at + 9 * 60_000)).toBe(true);
    expect(isNews(finished(), at + 11 * 60_000)).toBe(false);
    expect(isNews(finished({ outcome: "partly" }), at + 11 * 60_000)).toBe(true);
  });

  it("names a stage it does not know by its code", () => {
    expect(stageWords("copying_files")).toBe("Copying files");
  });

  it("sums up in words", () => {
    const none = { added: 0, changed: 0, removed: 0, unchanged: 9, skipped: 0 };
    expect(changeWords(none)).toBe("Nothing had changed");
    expect(changeWords({ ...none, added: 2, removed: 1 })).toBe("2 added, 1 removed");
  });
});

describe("the list of articles", () => {
  it("asks for what the address says, and ignores what it does not know", () => {
    const asked = new URLSearchParams(askedFor({ state: "draft", nonsense: "1" }, 50));
    expect(Object.fromEntries(asked)).toEqual({
      sort: "title",
      offset: "50",
      limit: "50",
      state: "draft",
    });
  });

  it("takes a filter away when it is emptied", () => {
    const query = withFilter({ search: "x" }, "state", "draft");
    expect(query).toEqual({ search: "x", state: "draft" });
    expect(withFilter(query, "state", "")).toEqual({ search: "x" });
    expect(isFiltered({ sort: "cited" })).toBe(false);
    expect(isFiltered(query)).toBe(true);
  });

  it("does not show a row twice that moved to the next page", () => {
    const first = page([row("a"), row("b")], { total: 120 });
    const more = joined(first, page([row("b"), row("c")], { total: 120, offset: 50 }));
    expect(more.articles.map((each) => each.id)).toEqual(["a", "b", "c"]);
    expect(hasMore(more)).toBe(true);
    expect(hasMore({ ...more, offset: 100 })).toBe(false);
  });

  it("says how articles are used", () => {
    expect([0, 1, 1200].map((times_cited) => citedWords({ times_cited }))).toEqual([
      "Never cited",
      "Cited once",
      `Cited ${(1200).toLocaleString()} times`,
    ]);
    expect(helpfulWords(row("a"))).toBe("");
    expect(helpfulWords(row("a", { helpful: 8, not_helpful: 2 }))).toBe("8 of 10 found it helpful");
  });
});

describe("two passages side by side", () => {
  const marked = (pieces: { text: string; differs: boolean }[]): string[] =>
    pieces.filter((piece) => piece.differs).map((piece) => piece.text.trim());

  it("mark the words that differ, and nothing else", () => {
    const [one, other] = differences(
      "Returns are free within 45 days.",
      "Returns are free within 30 days, always.",
    );
    expect(marked(one)).toEqual(["45"]);
    expect(marked(other)).toEqual(["30", "always."]);
    expect(one.map((piece) => piece.text).join("")).toBe("Returns are free within 45 days.");
  });

  it("do not mind case and the end of a sentence", () => {
    const [one, other] = differences("Free Returns.", "free returns");
    expect([...marked(one), ...marked(other)]).toEqual([]);
  });

  it("mark the words that contradict", () => {
    const side = { text: "Send it back within 30 days, not 300.", differing: ["30 days"] };
    expect(marked(against(side))).toEqual(["30 days"]);
    expect(
      against(side)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(side.text);
    expect(marked(against({ ...side, differing: [] }))).toEqual([]);
  });

  it("show one side alone as all different, and too long ones unmarked", () => {
    expect(marked(differences("", "new words")[1])).toEqual(["new words"]);
    const long = "word ".repeat(3000);
    expect(differences(long, long)[0]).toEqual([{ text: long, differs: false }]);
  });
});

describe("why a hit ranks where it does", () => {
  it.each([
    [1, 1, "1st by meaning and by words."],
    [2, 5, "2nd by meaning, 5th by words."],
    [9, 3, "3rd by words, 9th by meaning."],
    [4, null, "4th by meaning. It shares no rare word with the question."],
    [null, 11, "11th by words. Its meaning is not among the nearest."],
    [null, null, "Neither search ranked it on its own."],
  ])("with ranks %s and %s", (dense_rank, lexical_rank, words) => {
    expect(whyHere(hit({ dense_rank, lexical_rank }))).toBe(words);
  });

  it("is told by what sets it apart from its neighbour", () => {
    const parts = (meaning: number, words: number) => [
      { words: "Near in meaning", value: meaning },
      { words: "Words in common", value: words },
    ];
    const first = hit({ score: 0.9, parts: parts(0.6, 0.3) });
    const second = hit({ score: 0.8, parts: parts(0.7, 0.1) });
    expect(besideNeighbour(first, second, true)).toBe(
      "0.10 ahead of the next, most of all by “words in common”.",
    );
    expect(besideNeighbour(second, first, false)).toBe(
      "0.10 behind the one above, most of all by “words in common”.",
    );
    expect(besideNeighbour(first, first, true)).toBe("Level with the next.");
  });

  it("marks whole words of the question and the best sentence", () => {
    const pieces = markedText(
      hit({
        matched_words: ["days", "ten"],
        best_sentence: { text: "Send it back within 45 days.", score: 0.8 },
      }),
    );
    expect(pieces.filter((piece) => piece.word).map((piece) => piece.text)).toEqual(["days"]);
    const best = pieces.filter((piece) => piece.best).map((piece) => piece.text);
    expect(best.join("")).toBe("Send it back within 45 days.");
    expect(pieces.map((piece) => piece.text).join("")).toBe(hit().text);
  });

  it("finds a best sentence that runs over a line end, and survives one that is not there", () => {
    const text = "Keep the\nreceipt (original).";
    const best = { text: "Keep the receipt (original).", score: 1 };
    expect(markedText(hit({ text, best_sentence: best }))[0]?.best).toBe(true);
    const gone = { text: "Not in it [at all", score: 1 };
    expect(markedText(hit({ text, best_sentence: gone })).some((each) => each.best)).toBe(false);
  });

  it("marks the question's words in a title", () => {
    expect(markedTitle("Caring for Boots", ["boots"])).toEqual([
      { text: "Caring for ", word: false },
      { text: "Boots", word: true },
    ]);
    expect(markedTitle("Boots", [])).toEqual([{ text: "Boots", word: false }]);
  });

  it("draws bars against the best value on the page", () => {
    expect(shareOf(4, [8, 4])).toBe(0.5);
    expect(shareOf(-1, [8])).toBe(0);
    expect(shareOf(0, [0])).toBe(0);
  });
});

it("a title that its article repeats is shown once", () => {
  const heading: Block = { t: "h", level: 1, c: [{ t: "text", v: "Gift  cards" }] };
  const text: Block = { t: "p", c: [{ t: "text", v: "Gift cards" }] };
  expect(withoutTitle([heading, text], "Gift cards")).toEqual([text]);
  expect(withoutTitle([text], "Gift cards")).toEqual([text]);
  expect(withoutTitle([heading], "Vouchers")).toEqual([heading]);
});

it("a search is asked as anybody, as signed in, or as a member of segments", () => {
  expect(viewerOf("", "gold")).toEqual({ signed_in: false, segments: [] });
  expect(viewerOf("signed_in", "gold")).toEqual({ signed_in: true, segments: [] });
  expect(viewerOf("segments", "gold, beta,,gold")).toEqual({
    signed_in: true,
    segments: ["gold", "beta"],
  });
  expect(segmentsOf(" ")).toEqual([]);
});
