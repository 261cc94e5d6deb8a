/** The address of the console: /console/?view=mine, /console/c/{id}?view=mine. */

import type { InboxView } from "@baton/shared/types";
import { VIEWS } from "./inbox.ts";

export interface Place {
  view: InboxView;
  conversation: string | null;
}

const BASE = "/console/";

export function placeOf(path: string, query: string): Place {
  const asked = new URLSearchParams(query).get("view");
  const view = VIEWS.find((each) => each === asked) ?? "queue";
  const id = /^\/console\/c\/([^/]+)\/?$/.exec(path)?.[1];
  return { view, conversation: id ? decodeURIComponent(id) : null };
}

export function addressOf(place: Place): string {
  const path = place.conversation ? `${BASE}c/${encodeURIComponent(place.conversation)}` : BASE;
  return place.view === "queue" ? path : `${path}?view=${place.view}`;
}
