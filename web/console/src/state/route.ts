/** The address of the console: /console/?view=mine, /console/c/{id}?view=mine, /console/knowledge/…?… */

import type { Role } from "@baton/shared/team";
import type { InboxView } from "@baton/shared/types";
import { type EvalPlace, evalAddress, evalPlaceOf } from "./evals.ts";
import { VIEWS } from "./inbox.ts";
import { type KnowledgePlace, knowledgeAddress, knowledgePlaceOf } from "./knowledge/route.ts";

export interface Place {
  view: InboxView;
  conversation: string | null;
  /** Where in the knowledge area; null while the inbox is on screen. */
  knowledge: KnowledgePlace | null;
  /** The page of the desk setup on screen, or null. */
  setup: SetupPage | null;
  /** Whether the page of actions is on screen. */
  actions: boolean;
  /** Where in the evaluations, or null. */
  evals: EvalPlace | null;
}

export const SETUP_PAGES = [
  "ratings",
  "rules",
  "replies",
  "team",
  "tools",
  "webhooks",
  "audit",
] as const;
export type SetupPage = (typeof SETUP_PAGES)[number];

/** Whose role has a page. The service decides; this only spares a futile click. */
export function setupPageIsFor(page: SetupPage, role: Role): boolean {
  if (page === "ratings" || page === "rules" || page === "team") return true;
  return role === "admin" || (role === "lead" && (page === "tools" || page === "replies"));
}

const BASE = "/console/";

export function placeOf(path: string, query: string): Place {
  const asked = new URLSearchParams(query).get("view");
  const view = VIEWS.find((each) => each === asked) ?? "queue";
  const id = /^\/console\/c\/([^/]+)\/?$/.exec(path)?.[1];
  const knowledge = knowledgePlaceOf(path, query);
  return {
    view,
    conversation: id ? decodeURIComponent(id) : null,
    knowledge,
    setup: setupOf(path),
    actions: /^\/console\/actions\/?$/.test(path),
    evals: evalPlaceOf(path, query),
  };
}

function setupOf(path: string): SetupPage | null {
  const name = /^\/console\/desk\/([^/]*)/.exec(path)?.[1];
  if (name === undefined) return null;
  return SETUP_PAGES.find((each) => each === name) ?? "rules";
}

export function addressOf(place: Place): string {
  if (place.setup) return `${BASE}desk/${place.setup}`;
  if (place.actions) return `${BASE}actions`;
  if (place.evals) return evalAddress(place.evals);
  if (place.knowledge) return knowledgeAddress(place.knowledge);
  const path = place.conversation ? `${BASE}c/${encodeURIComponent(place.conversation)}` : BASE;
  return place.view === "queue" ? path : `${path}?view=${place.view}`;
}
