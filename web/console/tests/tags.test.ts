import type { TagsChanged } from "@baton/shared/types";
import { expect, test } from "vitest";
import { applyEvent, openTimeline } from "../src/state/timeline.ts";
import { tagWords } from "../src/words.ts";
import { MAYA, message, opening } from "./fixtures.ts";

const changed = (change: Partial<TagsChanged>): TagsChanged => ({
  tags: ["vip"],
  added: null,
  removed: null,
  by: { kind: "human_agent", ...MAYA },
  at: "2026-03-01T09:05:00Z",
  ...change,
});

test("tags follow the stream; what the opening answer held already only fills in history", () => {
  const opened = openTimeline(opening([message(3)], { tags: ["late"] }));
  const data = changed({ added: "vip" });
  const older = applyEvent(opened, { name: "tags_changed", seq: 2, data });
  expect(older.tags).toEqual(["late"]);
  const newer = applyEvent(older, { name: "tags_changed", seq: 4, data });
  expect(newer.tags).toEqual(["vip"]);
  expect(newer.entries.map((entry) => entry.kind)).toEqual(["tags", "message", "tags"]);
});

test("a line says who added or removed which tag", () => {
  expect(tagWords(changed({ added: "vip" }), MAYA.id)).toBe("You added the tag “vip”");
  expect(tagWords(changed({ removed: "late" }), "ha_other")).toBe("Maya removed the tag “late”");
});
