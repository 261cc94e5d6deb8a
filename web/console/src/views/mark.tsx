import type { VNode } from "preact";

export function Mark(): VNode {
  return (
    <span class="mark">
      <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect class="mark-tile" width="32" height="32" rx="8" />
        <path class="mark-stick" d="M9 23 23 9" />
        <path class="mark-band" d="m13.5 18.5 5-5" />
      </svg>
      <span>Baton</span>
    </span>
  );
}
