import { relativeTime } from "@baton/shared/time";
import type { SlaClock } from "@baton/shared/types";
import type { VNode } from "preact";
import { mostUrgent, slaLevel } from "../state/sla.ts";
import { formatWaiting } from "../state/waiting.ts";
import { now } from "../stores/page.ts";
import { CLOCK_WORDS } from "../words.ts";

/** The promise that runs out first: how long there is, or how long it is overdue. */
export function SlaChip({ clocks }: { clocks: readonly SlaClock[] }): VNode | null {
  const clock = mostUrgent(clocks);
  if (!clock?.due_at) return null;
  const left = Date.parse(clock.due_at) - now.value;
  const words = left > 0 ? formatWaiting(left) : `${formatWaiting(-left)} late`;
  return (
    <span
      class={`chip sla sla-${slaLevel(clock, now.value)}`}
      data-testid="sla"
      title={`${CLOCK_WORDS[clock.clock]}, ${clock.target}: due ${relativeTime(clock.due_at, now.value)}`}
    >
      {CLOCK_WORDS[clock.clock]} {words}
    </span>
  );
}
