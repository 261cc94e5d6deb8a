/** Articles often repeat their title as their first heading; below the title that reads twice. */

import { plainText } from "@baton/shared/richText";
import type { Block } from "@baton/shared/types";

const plain = (text: string): string => text.replace(/\s+/g, " ").trim().toLowerCase();

export function withoutTitle(body: readonly Block[], title: string): readonly Block[] {
  const [first, ...rest] = body;
  const repeats = first?.t === "h" && plain(plainText([first])) === plain(title);
  return repeats ? rest : body;
}
