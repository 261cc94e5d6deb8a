/** What a form for a tool's arguments holds, and the arguments it makes. */

import type { Argument, Tool } from "@baton/shared/tools";

/** What was typed, by the argument's name; the entries of a list are forms of their own. */
export type Typed = { [name: string]: string | Typed[] };

/** The arguments as the AI agent would give them. A field that was left empty is left out. */
export function argumentsOf(fields: readonly Argument[], typed: Typed): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const field of fields) {
    const value = argumentOf(field, typed[field.name]);
    if (value !== undefined) given[field.name] = value;
  }
  return given;
}

function argumentOf(field: Argument, typed: string | Typed[] | undefined): unknown {
  if (Array.isArray(typed)) {
    return typed.length > 0 ? typed.map((entry) => argumentsOf(field.fields, entry)) : undefined;
  }
  if (typed === undefined || typed.trim() === "") return undefined;
  if (field.kind === "number") return Number(typed);
  return field.kind === "yes_no" ? typed === "yes" : typed;
}

export const ACCESS_WORDS: Record<Tool["access"], string> = {
  read: "Reads: tells the customer something",
  propose: "Proposes: the customer confirms on a card",
};

export const NEEDS_WORDS: Record<Tool["needs"], string> = {
  anonymous: "Anybody",
  claimed: "A customer that the page named",
  signed: "A customer who is signed in",
  verified: "A customer who entered a code",
};

/** "at most 5 s, 4,000 characters of text, 16,000 of data" */
export function limitWords({ limits }: Pick<Tool, "limits">): string {
  const count = (number: number): string => number.toLocaleString("en");
  const { seconds, message_characters: text, data_characters: data } = limits;
  return `at most ${seconds} s, ${count(text)} characters of text, ${count(data)} of data`;
}

/** "offer_return_label" → "Offer return label" */
export const nameWords = (name: string): string =>
  name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
