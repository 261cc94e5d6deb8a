/** Saved replies in the reply field: when the slash opens them, which are meant, and what is not filled in yet. */

import type { SavedReply } from "@baton/shared/desk";

/** Whether a slash typed at `caret` begins a word: only there it asks for the saved replies. */
export function beginsWord(text: string, caret: number): boolean {
  return caret === 0 || /\s/.test(text.charAt(caret - 1));
}

const plain = (text: string): string =>
  text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();

/** Those in which every word typed stands; whose shortcut begins like it come first, then as they came. */
export function matching(replies: readonly SavedReply[], typed: string): SavedReply[] {
  const asked = plain(typed.trim());
  const words = asked.split(/\s+/);
  const found = replies.filter((reply) => {
    const said = plain(`${reply.shortcut} ${reply.title} ${reply.text}`);
    return words.every((word) => said.includes(word));
  });
  const first = (reply: SavedReply): boolean => asked !== "" && reply.shortcut.startsWith(asked);
  return [...found.filter(first), ...found.filter((reply) => !first(reply))];
}

const VARIABLE = /\{\{\s*[a-z_]+\.[a-z_]+\s*\}\}/g;

/** Where the first variable that nobody has filled in stands, or null. */
export function unfilled(text: string): { start: number; end: number; name: string } | null {
  const [found] = text.matchAll(VARIABLE);
  if (!found) return null;
  return { start: found.index, end: found.index + found[0].length, name: found[0] };
}
