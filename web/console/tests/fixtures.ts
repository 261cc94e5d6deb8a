/** Small true-to-contract values for the tests of the console. */

import type {
  ConsoleConversation,
  Conversation,
  Message,
  StatusChanged,
  Trace,
} from "@baton/shared/types";

export const MAYA = { id: "ha_maya", display_name: "Maya" };
export const JONAS = { id: "ha_jonas", display_name: "Jonas" };

export function conversation(change: Partial<Conversation> = {}): Conversation {
  return {
    id: "c1",
    status: "queued",
    episode: 1,
    owner_epoch: 1,
    subject: null,
    assignee: null,
    created_at: "2026-03-01T09:00:00Z",
    updated_at: "2026-03-01T09:00:00Z",
    queued_at: "2026-03-01T09:00:00Z",
    snoozed_until: null,
    last_seq: 0,
    customer: {
      id: "cus_1",
      display_name: "Priya",
      email: null,
      verified: true,
      assurance: "signed",
      verified_until: null,
    },
    ...change,
  };
}

export function message(seq: number, change: Partial<Message> = {}): Message {
  const minute = String(seq % 60).padStart(2, "0");
  return {
    id: `m${seq}`,
    seq,
    episode: 1,
    author: { kind: "customer", id: "cus_1", display_name: "Priya" },
    visibility: "public",
    text: `message ${seq}`,
    body: [],
    citations: [],
    request: null,
    client_message_id: null,
    created_at: `2026-03-01T09:${minute}:00Z`,
    turn_id: null,
    state: "complete",
    ...change,
  };
}

export function opening(messages: Message[], change: Partial<ConsoleConversation> = {}) {
  const last_seq = messages.at(-1)?.seq ?? 0;
  const { customer } = conversation();
  const none = {
    clocks: [],
    tags: [],
    handoff: null,
    brief: null,
    older_cursor: null,
    traces: {},
  };
  return {
    conversation: conversation({ last_seq }),
    customer,
    messages,
    last_seq,
    ...none,
    ...change,
  } satisfies ConsoleConversation;
}

export function claimed(change: Partial<StatusChanged> = {}): StatusChanged {
  return {
    verb: "claim",
    from: "queued",
    to: "assigned",
    owner_epoch: 2,
    episode: 1,
    by: { kind: "human_agent", id: JONAS.id, display_name: "Jonas" },
    assignee: JONAS,
    reason: null,
    at: "2026-03-01T09:10:00Z",
    ...change,
  };
}

export const TRACE: Trace = {
  decision: "handoff",
  kind: "question",
  question: "Do you repair tents?",
  responder: "extractive",
  confidence: { value: 0.3, calibrated: false, evidence: {}, contributions: {} },
  reason: "low_confidence",
  detail: "",
  fell_back: "",
  hits: [],
  tool_calls: [],
  sentences: [],
  knowledge_version: "kb-1",
  duration_ms: 12,
};
