import { plainText } from "@baton/shared/richText";
import type { Block } from "@baton/shared/types";

/** What a reply gives to choose from: the bold beginnings of the list right above its closing question. */
export function choicesIn(body: readonly Block[]): string[] {
  const list = body.at(-2);
  if (list?.t !== "ul") return [];
  const names = list.c.map(([first]) => {
    const start = first?.t === "p" ? first.c[0] : undefined;
    return start?.t === "strong" ? plainText([{ t: "p", c: start.c }]) : "";
  });
  return [...new Set(names.filter((name) => name !== ""))];
}
