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
  | "ai_unavailable"
  | "language"
  | "abuse"
  | "action_stuck";

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
  /** What the page offers beside the text: signing in, a code to the address on file, a person, or the choices it lists. */
  request: "sign_in" | "verify" | "offer_person" | "choose" | "choose_topic" | "solved" | null;
  client_message_id: string | null;
  created_at: string;
  turn_id: string | null;
  /** A reply grows sentence by sentence while it is "writing"; "interrupted" ones are not whole. */
  state: "complete" | "writing" | "interrupted";
}

export interface Assignee {
  id: string;
  display_name: string;
}

export interface CustomerCard {
  id: string;
  display_name: string | null;
  email: string | null;
  /** Signed in to the shop, or verified by a code in this conversation. */
  verified: boolean;
  assurance: Assurance;
  verified_until: string | null;
}

export type Assurance = "anonymous" | "claimed" | "signed" | "verified";

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
  /** When it wakes by itself; null where only its customer wakes it. */
  snoozed_until: string | null;
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
  /** Of a snooze. */
  until?: string | null;
  at: string;
}

export type RatingScale = "solved" | "csat" | "ces" | "nps";

/** A question about the help, and its answer once there is one. `about` is a person's id; null for the AI agent. */
export interface Rating {
  id: string;
  episode: number;
  scale: RatingScale;
  about: string | null;
  message_id: string | null;
  asked_at: string;
  score: number | null;
  remark: string | null;
  answered_at: string | null;
  via: "widget" | "mail" | null;
}

/** `rating_asked` and `rating_given`. */
export interface RatingEvent {
  rating: Rating;
  at: string;
}

/** An action as the server wrote it down for its customer. `token` confirms it, on their own open card only. */
export interface ActionCard {
  id: string;
  seq: number;
  kind: string;
  standing:
    | "open"
    | "waiting"
    | "pending"
    | "done"
    | "failed"
    | "refused"
    | "expired"
    | "withdrawn";
  title: string;
  amount: string | null;
  lines: { name: string; quantity: number; amount: string | null }[];
  rows: { label: string; value: string }[];
  note: string;
  confirm: string;
  token: string | null;
  expires_at: string;
  updated_at: string;
}

export interface ActionChanged {
  action_id: string;
  state: string;
  at: string;
  card?: ActionCard;
}

export interface CodePromised {
  expires_at: string;
  /** The masked address, for a signed-in customer; to anybody else it would tell that an account exists. */
  sent_to: string | null;
}

export interface CustomerVerified {
  verified_until: string;
  at: string;
}

export interface CustomerIdentified {
  display_name: string | null;
  at: string;
}

/** Why routing gave a conversation to somebody (`to`), or took it back (null). */
export interface Routed {
  to: string | null;
  why: string[];
  at: string;
}

export interface TagsChanged {
  tags: string[];
  added: string | null;
  removed: string | null;
  by: Author;
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
  customer: {
    id: string;
    display_name: string | null;
    verified: boolean;
    assurance: Assurance;
  };
}

export interface WidgetConfig {
  name: string;
  ai_name: string;
  greeting: string;
  suggestions: string[];
  online: boolean;
  away_text: string;
  /** Whether a customer can prove who they are by a code sent by e-mail. */
  codes: boolean;
}

/** What a customer who waits for a person is told. Seconds; null where too little is known to say. */
export interface Wait {
  position: number;
  typical_s: number | null;
  most_s: number | null;
  from_past: number;
  opens_at: string | null;
  online: boolean;
  can_email: boolean;
  email: string | null;
  reply_by_email: string | null;
  ai_meanwhile: boolean;
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
  actions: ActionCard[];
  ratings: Rating[];
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

export interface ActionEntry {
  state: string;
  actor_kind: AuthorKind;
  actor_name: string | null;
  at: string;
  detail: string;
}

/** A card with what only the team sees. `digest` names exactly the payload that is shown and approved. */
export interface Action {
  card: ActionCard;
  conversation_id: string;
  customer_name: string | null;
  state: string;
  digest: string;
  payload: JsonValue;
  approval: string | null;
  requested_by: string | null;
  mine: boolean;
  note: string;
  entries: ActionEntry[];
}

export interface RefundsState {
  frozen: string | null;
  waiting: number;
  report: {
    at: string;
    agreed: number;
    pending: number;
    undone: number;
    elsewhere: number;
    mismatches: string[];
  } | null;
}

export interface Outlook {
  order_number: string;
  state: string;
  policy_version: string;
  lines: { line: string; name: string; quantity: number }[];
  answers: {
    reason: string;
    outcome: string;
    rule: string;
    words: string;
    amount: string | null;
    needs_person: string | null;
  }[];
}

export interface HumanAgent {
  id: string;
  email: string;
  display_name: string;
  available: boolean;
  role: "viewer" | "human_agent" | "lead" | "admin";
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

export type InboxView =
  | "queue"
  | "mine"
  | "team"
  | "at_risk"
  | "snoozed"
  | "open"
  | "automated"
  | "resolved";

/** A promise that runs; `due_at` is null while it is paused. */
export interface SlaClock {
  clock: "first_response" | "next_response" | "resolution";
  target: string;
  started_at: string;
  warn_at: string | null;
  due_at: string | null;
}

export interface SlaTold {
  clock: SlaClock["clock"];
  target: string;
  due_at: string | null;
  at: string;
}

export type Summary = Conversation & {
  reason: ReasonCode | null;
  detail: string | null;
  preview: { author_kind: AuthorKind; text: string } | null;
  waiting_since: string | null;
  /** Whose queue it waits in; null is everybody's. */
  tags: string[];
  team: string | null;
  head_start_minutes: number;
  placed_because: string[];
  clocks: SlaClock[];
};

/** Where searched words stand; `message_id` is null where the customer's name or address was found. */
export interface SearchResult {
  conversation: Summary;
  message_id: string | null;
  author_kind: AuthorKind | null;
  note: boolean;
  at: string;
  pieces: { text: string; hit: boolean }[];
}

export interface SearchResults {
  results: SearchResult[];
  next_cursor: number | null;
}

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
  /** Missing in briefs that were written before there were any. */
  actions?: { action_id: string; state: string; text: string }[];
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

export interface TraceStep {
  name: string;
  ms: number;
  model?: string;
  input_tokens?: number;
  output_tokens?: number;
  cost?: number;
  sentences?: number;
  dropped?: number;
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
  steps?: TraceStep[];
  /** What else the answer depends on: hashes of prompts, the model, the threshold. */
  pins?: Record<string, string>;
  /** The rule of the handoff policy that fired, and on what. */
  rule?: string;
  rule_detail?: string;
}

export interface ConsoleConversation {
  conversation: Conversation;
  customer: CustomerCard;
  handoff: Handoff | null;
  brief: Brief | null;
  messages: Message[];
  older_cursor: number | null;
  last_seq: number;
  clocks: SlaClock[];
  tags: string[];
  traces: Record<string, Trace>;
}

export interface ConsoleMessagePage {
  messages: Message[];
  older_cursor: number | null;
  events: PastEvent[];
  traces: Record<string, Trace>;
}
