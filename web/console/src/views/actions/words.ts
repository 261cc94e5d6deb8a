import type { ActionCard } from "@baton/shared/types";

export const STANDING: Record<ActionCard["standing"], string> = {
  open: "Waits for the customer",
  waiting: "Waits for approval",
  pending: "Pending",
  done: "Done",
  failed: "Failed",
  refused: "Refused",
  expired: "Expired",
  withdrawn: "Withdrawn",
};

export const REASONS: Record<string, string> = {
  damaged: "Arrived damaged",
  missing: "Something is missing",
  wrong_item: "Wrong item",
  not_arrived: "Never arrived",
  changed_mind: "Changed their mind",
  cancel: "Cancel the order",
};

export const OUTCOME: Record<string, string> = {
  refund: "Refunded automatically",
  person: "Refunded after approval",
  return_first: "After it came back",
  no: "Not refunded",
  already_refunded: "Refunded already",
  nothing_left: "Nothing left",
};

/** "sending" → "Sending" */
export const stateWords = (state: string): string =>
  state.charAt(0).toUpperCase() + state.slice(1).replaceAll("_", " ");

export const actorWords = (kind: string, name: string | null): string => {
  if (name) return name;
  if (kind === "ai_agent") return "AI agent";
  return kind === "customer" ? "Customer" : "Baton";
};
