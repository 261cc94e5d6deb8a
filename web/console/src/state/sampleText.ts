/** A sample's JSON text, read and changed field by field: the text is what is kept, so that nothing else in it is lost. */

export type Listed = "says" | "never_says" | "relevant";
type Body = Record<string, unknown>;

const isObject = (value: unknown): value is Body =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The sample; null where the text is no JSON object or what it expects is none: then only the text can be edited. */
export function sampleOf(text: string): { sample: Body; expect: Body } | null {
  try {
    const sample: unknown = JSON.parse(text);
    if (!isObject(sample)) return null;
    const expect = sample.expect ?? {};
    return isObject(expect) ? { sample, expect } : null;
  } catch {
    return null;
  }
}

/** What the customer writes, with where it stands in `says_in_turn` (null: it is the question); presses are left out. */
export function messagesOf(sample: Body): { turn: number | null; words: string }[] {
  if (typeof sample.question === "string") return [{ turn: null, words: sample.question }];
  const steps: unknown[] = Array.isArray(sample.says_in_turn) ? sample.says_in_turn : [];
  return steps.flatMap((words, turn) => (typeof words === "string" ? [{ turn, words }] : []));
}

/** The sample's text with other words of the customer. */
export function withMessage(sample: Body, turn: number | null, words: string): string {
  if (turn === null) return written({ ...sample, question: words });
  const steps: unknown[] = Array.isArray(sample.says_in_turn) ? sample.says_in_turn : [];
  return written({
    ...sample,
    says_in_turn: steps.map((step, place) => (place === turn ? words : step)),
  });
}

/** The sample's text with something else expected; what is empty is not looked at, so it is left out. */
export function withExpected(sample: Body, expect: Body, name: string, value: unknown): string {
  const { [name]: _, ...others } = expect;
  const empty = value === "" || (Array.isArray(value) && value.length === 0);
  return written({ ...sample, expect: empty ? others : { ...others, [name]: value } });
}

export const linesOf = (words: string): string[] =>
  words
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

const written = (sample: Body): string => JSON.stringify(sample, null, 2);
