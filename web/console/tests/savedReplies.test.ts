import type { SavedReply } from "@baton/shared/desk";
import { expect, test } from "vitest";
import { setupPageIsFor } from "../src/state/route.ts";
import { beginsWord, matching, unfilled } from "../src/state/savedReplies.ts";

const reply = (shortcut: string, title: string, text = ""): SavedReply => ({
  id: shortcut,
  shortcut,
  title,
  text,
  team: null,
  used: 0,
  saved_at: "2026-01-01T00:00:00Z",
  saved_by: "Noor",
});

test("a slash opens the saved replies at the start of a word only", () => {
  expect(beginsWord("/", 0)).toBe(true);
  expect(beginsWord("hello /", 6)).toBe(true);
  expect(beginsWord("hello\n/", 6)).toBe(true);
  expect(beginsWord("and/", 3)).toBe(false);
});

test("every word must stand in a reply, without regard to case and accents; its shortcut comes first", () => {
  const replies = [
    reply("refund", "Refund for late parcels"),
    reply("late", "Parcel is late", "Sorry, your café order is late."),
  ];
  const found = (typed: string): string[] => matching(replies, typed).map((one) => one.shortcut);
  expect(found("")).toEqual(["refund", "late"]);
  expect(found("la")).toEqual(["late", "refund"]);
  expect(found("CAFE order")).toEqual(["late"]);
  expect(found("refund sorry")).toEqual([]);
});

test("what is not filled in is found where it stands; other braces are none", () => {
  expect(unfilled("Hi {{customer.first_name}}, {{order.number}}")).toEqual({
    start: 3,
    end: 26,
    name: "{{customer.first_name}}",
  });
  expect(unfilled("Write {{ like }} this, or {so.so}")).toBeNull();
});

test("leads and admins look after saved replies", () => {
  const roles = (["viewer", "human_agent", "lead", "admin"] as const).filter((role) =>
    setupPageIsFor("replies", role),
  );
  expect(roles).toEqual(["lead", "admin"]);
});
