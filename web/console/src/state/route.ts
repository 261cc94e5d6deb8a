/** The address of the console: /console/?view=mine, /console/c/{id}?view=mine, /console/knowledge/…?… */

import type { InboxView } from "@baton/shared/types";
import { VIEWS } from "./inbox.ts";
import { type KnowledgePlace, knowledgeAddress, knowledgePlaceOf } from "./knowledge/route.ts";

export interface Place {
  view: InboxView;
  conversation: string | null;
  /** Where in the knowledge area; null while the inbox is on screen. */
  knowledge: KnowledgePlace | null;
}

const BASE = "/console/";

export function placeOf(path: string, query: string): Place {
  const asked = new URLSearchParams(query).get("view");
  const view = VIEWS.find((each) => each === asked) ?? "queue";
  const id = /^\/console\/c\/([^/]+)\/?$/.exec(path)?.[1];
  const knowledge = knowledgePlaceOf(path, query);
  return { view, conversation: id ? decodeURIComponent(id) : null, knowledge };
}

export function addressOf(place: Place): string {
  if (place.knowledge) return knowledgeAddress(place.knowledge);
  const path = place.conversation ? `${BASE}c/${encodeURIComponent(place.conversation)}` : BASE;
  return place.view === "queue" ? path : `${path}?view=${place.view}`;
}
