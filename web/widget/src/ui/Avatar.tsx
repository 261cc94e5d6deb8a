import type { VNode } from "preact";

export function Avatar({ name, small = false }: { name: string; small?: boolean }): VNode {
  return (
    <span class={small ? "avatar avatar-small" : "avatar"} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

/** First letters of the first and last word. Array.from keeps letters outside the BMP whole. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const [first, last] = [words[0], words.length > 1 ? words.at(-1) : undefined];
  return [first, last]
    .map((word) => Array.from(word ?? "")[0] ?? "")
    .join("")
    .toUpperCase();
}
