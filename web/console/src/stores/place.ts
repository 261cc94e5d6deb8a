/** Where in the console we are: mirrors the address bar, so that back, forward and links work. */

import { signal } from "@preact/signals";
import { addressOf, type Place, placeOf } from "../state/route.ts";

export const place = signal<Place>(placeOf(location.pathname, location.search));

export function go(change: Partial<Place>, { replace = false } = {}): void {
  const next = { ...place.peek(), ...change };
  const address = addressOf(next);
  if (address === location.pathname + location.search) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  place.value = next;
}

window.addEventListener("popstate", () => {
  place.value = placeOf(location.pathname, location.search);
});
