/** Where in the console we are: mirrors the address bar, so that back, forward and links work. */

import { signal } from "@preact/signals";
import type { KnowledgePlace } from "../state/knowledge/route.ts";
import { addressOf, type Place, placeOf } from "../state/route.ts";

/** Whether anybody went anywhere since the page was loaded: only then a new page takes the focus. */
let moved = false;
export const hasMoved = (): boolean => moved;

export const place = signal<Place>(placeOf(location.pathname, location.search));

/** Every move leads out of whatever area is on screen, unless it names a place there. */
export function go(change: Partial<Place>, { replace = false } = {}): void {
  const inbox = { knowledge: null, setup: null, actions: false, evals: null };
  const next = { ...place.peek(), ...inbox, ...change };
  const address = addressOf(next);
  if (address === location.pathname + location.search) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  moved = true;
  place.value = next;
}

export function goKnowledge(knowledge: KnowledgePlace, { replace = false } = {}): void {
  go({ conversation: null, knowledge }, { replace });
}

window.addEventListener("popstate", () => {
  moved = true;
  place.value = placeOf(location.pathname, location.search);
});
