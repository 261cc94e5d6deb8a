import type { VNode } from "preact";

const HUES = 6;

/** Initials in one of six quiet colours; the same person always has the same one. */
export function Avatar(props: { id: string; name: string; small?: boolean }): VNode {
  const sum = Array.from(props.id).reduce((total, letter) => total + letter.charCodeAt(0), 0);
  const size = props.small ? " avatar-small" : "";
  return (
    <span class={`avatar avatar-${sum % HUES}${size}`} aria-hidden="true">
      {initials(props.name)}
    </span>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined];
  return letters
    .map((word) => Array.from(word ?? "")[0] ?? "")
    .join("")
    .toUpperCase();
}
