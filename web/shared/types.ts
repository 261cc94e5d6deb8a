/** The HTTP contract as the pages see it. Instants are ISO-8601 UTC strings; money is in minor units. */

export type Inline =
  | { t: "text"; v: string }
  | { t: "strong" | "em"; c: Inline[] }
  | { t: "code"; v: string }
  | { t: "link"; href: string; c: Inline[] }
  | { t: "cite"; n: number }
  | { t: "br" };

export type Block =
  | { t: "p"; c: Inline[] }
  | { t: "h"; level: number; c: Inline[] }
  | { t: "ul" | "ol"; start?: number; c: Block[][] }
  | { t: "pre"; v: string }
  | { t: "quote"; c: Block[] }
  | { t: "table"; head: Inline[][]; rows: Inline[][][] }
  | { t: "hr" };

export type AuthorKind = "customer" | "ai_agent" | "human_agent" | "system";
export type Visibility = "public" | "note";
export type Status = "automated" | "queued" | "assigned" | "snoozed" | "resolved";
export type Verb =
  | "hand_off"
  | "claim"
  | "assign"
  | "release"
  | "return_to_ai"
  | "snooze"
  | "resolve"
  | "reopen";
export type ReasonCode =
  | "customer_asked"
  | "low_confidence"
  | "ungrounded"
  | "reserved_topic"
  | "needs_approval"
  | "frustration"
  | "loop"
  | "turn_cap"
  | "ai_unavailable";

export interface Author {
  kind: AuthorKind;
  id: string | null;
  display_name: string | null;
}

export interface Citation {
  marker: number;
  article_id: string;
  passage_id: string;
  title: string;
  heading: string;
  url: string | null;
  quote: string;
}

export interface Message {
  id: string;
  seq: number;
  episode: number;
  author: Author;
  visibility: Visibility;
  text: string;
  body: Block[];
  citations: Citation[];
  request: "sign_in" | null;
  client_message_id: string | null;
  created_at: string;
  turn_id: string | null;
}

export interface Assignee {
  id: string;
  display_name: string;
}

export interface CustomerCard {
  id: string;
  display_name: string | null;
  email: string | null;
  verified: boolean;
}

export interface Conversation {
  id: string;
  status: Status;
  episode: number;
  owner_epoch: number;
  subject: string | null;
  assignee: Assignee | null;
  created_at: string;
  updated_at: string;
  queued_at: string | null;
  last_seq: number;
  customer: CustomerCard;
}

/* Events: durable ones carry a seq (the SSE id), `activity` and `inbox` are live only. */

export interface MessagePosted {
  message: Message;
}

export interface StatusChanged {
  verb: Verb;
  from: Status;
  to: Status;
  owner_epoch: number;
  episode: number;
  by: { kind: AuthorKind; id: string | null; display_name: string | null };
  assignee: Assignee | null;
  reason: ReasonCode | null;
  at: string;
}

export interface CustomerIdentified {
  display_name: string | null;
  at: string;
}

export interface TurnFinished {
  turn_id: string;
  state: "answered" | "handed_off";
  trace?: Trace | null;
}

export type ActivityKind = "searching" | "checking_order" | "writing" | "typing";

export interface Activity {
  who: "ai_agent" | "human_agent" | "customer";
  activity: ActivityKind | null;
  /** Of a human agent; nobody else has one here. */
  id?: string | null;
  display_name: string | null;
}

/** A change between two messages of an older page: what the stream would have said. */
export interface PastEvent {
  seq: number;
  kind: string;
  data: unknown;
}

/** RFC 9457 problem. `detail` is in plain words and may be shown. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
}

/* Widget */

export interface WidgetSession {
  session_token: string;
  expires_at: string;
  customer: { id: string; display_name: string | null; verified: boolean };
}

export interface WidgetConfig {
  name: string;
  ai_name: string;
  greeting: string;
  suggestions: string[];
  online: boolean;
  away_text: string;
}

export type ConversationListItem = Conversation & { preview: string };

export interface ConversationList {
  conversations: ConversationListItem[];
  next_cursor: string | null;
}

export interface ConversationSnapshot {
  conversation: Conversation;
  messages: Message[];
  older_cursor: number | null;
  last_seq: number;
}

export interface MessagePage {
  messages: Message[];
  older_cursor: number | null;
  events: PastEvent[];
}

export interface Article {
  id: string;
  title: string;
  url: string | null;
  updated_at: string | null;
  body: Block[];
}

/* Demo shop */

export type Motif = "tent" | "pack" | "boot" | "jacket" | "stove" | "bottle" | "lamp" | "mat";

export interface Product {
  sku: string;
  name: string;
  description: string;
  price_minor: number;
  currency: string;
  category: string;
  art: { hue: number; motif: Motif };
}

export interface DemoCustomer {
  key: string;
  display_name: string;
  email: string;
}

export interface Shop {
  name: string;
  tagline: string;
  products: Product[];
  customers: DemoCustomer[];
}

export interface ShopOrder {
  number: string;
  status: string;
  placed_at: string;
  items: { name: string; quantity: number; price_minor: number }[];
  total_minor: number;
  currency: string;
}

/* Console */

export interface HumanAgent {
  id: string;
  email: string;
  display_name: string;
  available: boolean;
}

export interface HumanAgentPresence {
  id: string;
  display_name: string;
  online: boolean;
  available: boolean;
}

export interface ConsoleSession {
  human_agent: HumanAgent;
  csrf_token: string;
}

export interface DemoAccount {
  email: string;
  display_name: string;
  password: string;
}

export type InboxView = "queue" | "mine" | "open" | "automated" | "resolved";

export type Summary = Conversation & {
  reason: ReasonCode | null;
  detail: string | null;
  preview: { author_kind: AuthorKind; text: string } | null;
  waiting_since: string | null;
};

export interface SummaryPage {
  conversations: Summary[];
  next_cursor: string | null;
}

export interface Inbox {
  counts: Record<InboxView, number>;
  queue: Summary[];
  mine: Summary[];
  human_agents: HumanAgentPresence[];
}

export type HandoffState = "queued" | "accepted" | "returned" | "resolved";

export interface Handoff {
  id: string;
  state: HandoffState;
  reason: ReasonCode;
  detail: string;
  queued_at: string;
  accepted_at: string | null;
  accepted_by: string | null;
}

export interface Brief {
  wants: { text: string; message_ids: string[] };
  answered: {
    question: string;
    answer: string;
    message_id: string;
    sources: { title: string; url: string | null; article_id: string }[];
  }[];
  tools: { name: string; summary: string; ok: boolean; turn_id: string; call_id: string }[];
  customer: { display_name: string | null; email: string | null; verified: boolean; proof: string };
  promises: { text: string; message_id: string }[];
  reason: { code: ReasonCode; words: string; detail: string };
  next_step: string;
  language: string;
  mood: string;
}

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | JsonValue[]
  | { [key: string]: JsonValue };

export interface TraceHit {
  passage_id: string;
  article_id: string;
  title: string;
  heading: string;
  score: number;
  dense: number | null;
  lexical: number | null;
  text: string;
}

export interface TraceToolCall {
  id: string;
  tool: string;
  arguments: { [key: string]: JsonValue };
  result: { ok: boolean; code: string; message: string; data: JsonValue };
}

export interface Trace {
  decision: string;
  kind: string;
  question: string;
  responder: string;
  confidence: {
    value: number;
    calibrated: boolean;
    evidence: Record<string, number>;
    contributions: Record<string, number>;
  };
  reason: ReasonCode | null;
  detail: string;
  /** Why a better responder was not used, in words, or "". */
  fell_back: string;
  hits: TraceHit[];
  tool_calls: TraceToolCall[];
  sentences: { sentence: string; source: string | null; score: number }[];
  knowledge_version: string;
  duration_ms: number;
  steps?: { name: string; ms: number }[];
}

export interface ConsoleConversation {
  conversation: Conversation;
  customer: CustomerCard;
  handoff: Handoff | null;
  brief: Brief | null;
  messages: Message[];
  older_cursor: number | null;
  last_seq: number;
  traces: Record<string, Trace>;
}

export interface ConsoleMessagePage {
  messages: Message[];
  older_cursor: number | null;
  events: PastEvent[];
  traces: Record<string, Trace>;
}
