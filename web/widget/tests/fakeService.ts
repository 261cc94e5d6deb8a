import type {
  Conversation,
  CustomerCard,
  Message,
  StatusChanged,
  WidgetSession,
} from "@baton/shared/types";

export const CONFIG = {
  name: "Northpeak",
  ai_name: "AI agent",
  greeting: "Hi",
  suggestions: [],
  online: true,
  away_text: "Away",
  codes: false,
};

export function conversation(change: Partial<Conversation> = {}): Conversation {
  const customer: CustomerCard = {
    id: "c",
    display_name: null,
    email: null,
    verified: false,
    assurance: "anonymous",
    verified_until: null,
  };
  return {
    id: "cv1",
    status: "automated",
    episode: 1,
    owner_epoch: 0,
    subject: null,
    assignee: null,
    created_at: "2026-11-22T10:00:00Z",
    updated_at: "2026-11-22T10:00:00Z",
    queued_at: null,
    snoozed_until: null,
    last_seq: 0,
    customer,
    ...change,
  };
}

export function message(seq: number, change: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    seq,
    episode: 1,
    author: { kind: "ai_agent", id: null, display_name: null },
    visibility: "public",
    text: `text ${seq}`,
    body: [],
    citations: [],
    request: null,
    client_message_id: null,
    created_at: "2026-11-22T10:00:00Z",
    turn_id: null,
    state: "complete",
    ...change,
  };
}

export function statusChanged(change: Partial<StatusChanged> = {}): StatusChanged {
  return {
    verb: "hand_off",
    from: "automated",
    to: "queued",
    owner_epoch: 1,
    episode: 1,
    by: { kind: "ai_agent", id: null, display_name: null },
    assignee: null,
    reason: "low_confidence",
    at: "2026-11-22T10:00:00Z",
    ...change,
  };
}

interface Stored {
  owner: string;
  card: Conversation;
  log: { seq: number; name: string; data: unknown }[];
  streams: Set<ReadableStreamDefaultController<Uint8Array>>;
}

type Fault = "offline" | "lost-answer" | number;

/** The widget's side of the contract in memory, behind a fetch function: idempotent, with faults to order. */
export class FakeService {
  readonly conversations = new Map<string, Stored>();
  readonly sessions = new Map<string, WidgetSession["customer"]>();
  readonly requests: { method: string; path: string; body: Record<string, string> }[] = [];
  /** Faults for coming POSTs of messages: no connection, answer lost on the way back, or a status. */
  faults: Fault[] = [];
  /** While set, answers to POSTed messages wait; events are not held back. */
  held: Promise<void> | null = null;
  /** No connection for anything. */
  down = false;
  private count = 0;

  readonly fetch = (async (input: string | URL | Request, init: RequestInit = {}) => {
    if (this.down) throw new TypeError("Failed to fetch");
    const url = new URL(String(input));
    const path = url.pathname.replace("/widget/v1", "");
    const method = init.method ?? "GET";
    const body = init.body ? (JSON.parse(String(init.body)) as Record<string, string>) : {};
    this.requests.push({ method, path, body });
    if (path === "/config") return json(200, CONFIG);
    if (path === "/session") return this.openSession(body);
    const headers = new Headers(init.headers);
    const customer = this.sessions.get((headers.get("Authorization") ?? "").slice(7));
    if (!customer) return problem(401, "session_expired");
    if (path === "/conversations" && method === "POST") return this.create(body, customer.id);
    const [, , id, what] = path.split("/");
    const stored = this.conversations.get(id ?? "");
    if (stored?.owner !== customer.id) return problem(404, "not_found");
    if (what === "messages") return this.post(stored, body);
    if (what === "events")
      return stream(stored, Number(url.searchParams.get("after")), init.signal);
    if (what === "human") return json(202, { conversation: stored.card });
    return json(200, this.snapshot(stored));
  }) as typeof fetch;

  /** Breaks every stream and answers nothing until `down` is set back. */
  cut(): void {
    this.down = true;
    for (const stored of this.conversations.values()) {
      for (const each of stored.streams) each.error(new Error("cut"));
      stored.streams.clear();
    }
  }

  posted(): string[] {
    const sent = this.requests.filter((each) => each.path.endsWith("/messages"));
    return sent.map((each) => each.body.text ?? "");
  }

  add(stored: Stored, change: Partial<Message>): Message {
    const seq = stored.card.last_seq + 1;
    const made = message(seq, { id: `${stored.card.id}-${seq}`, ...change });
    this.publish(stored, "message_posted", { message: made });
    return made;
  }

  publish(stored: Stored, name: string, data: unknown): void {
    stored.card.last_seq += 1;
    stored.log.push({ seq: stored.card.last_seq, name, data });
    for (const each of stored.streams) each.enqueue(frame(stored.card.last_seq, name, data));
  }

  only(): Stored {
    const [stored] = this.conversations.values();
    if (!stored || this.conversations.size !== 1) throw new Error("expected one conversation");
    return stored;
  }

  private openSession(body: Record<string, string>): Response {
    const identity = body.identity_token;
    if (identity === "forged") return problem(401, "invalid_identity");
    this.count += 1;
    const id = identity ? `c-${identity}` : `visitor-${this.count}`;
    const before = this.sessions.get(body.session_token ?? "");
    for (const each of this.conversations.values()) if (each.owner === before?.id) each.owner = id;
    const customer = {
      id,
      display_name: identity ?? null,
      verified: Boolean(identity),
      assurance: identity ? ("signed" as const) : ("anonymous" as const),
    };
    const session_token = `s${this.count}`;
    this.sessions.set(session_token, customer);
    return json(200, { session_token, expires_at: "2027-01-01T00:00:00Z", customer });
  }

  private create(body: Record<string, string>, owner: string): Response {
    const id = `cv-${body.client_conversation_id}`;
    const card = conversation({ id });
    if (!this.conversations.has(id)) {
      this.conversations.set(id, { owner, card, log: [], streams: new Set() });
    }
    return json(201, this.conversations.get(id)?.card);
  }

  private async post(stored: Stored, body: Record<string, string>): Promise<Response> {
    const fault = this.faults.shift();
    if (fault === "offline") throw new TypeError("Failed to fetch");
    if (typeof fault === "number") return problem(fault, `refused_${fault}`);
    const id = body.client_message_id ?? "";
    let made = this.messages(stored).find((each) => each.client_message_id === id);
    if (made && made.text !== body.text) return problem(409, "client_message_id_reused");
    made ??= this.add(stored, {
      author: { kind: "customer", id: null, display_name: null },
      text: body.text,
      client_message_id: id,
    });
    if (this.held) await this.held;
    if (fault === "lost-answer") throw new TypeError("Failed to fetch");
    return json(202, { message: made, turn_id: "t" });
  }

  private messages(stored: Stored): Message[] {
    return stored.log
      .filter((each) => each.name === "message_posted")
      .map((each) => (each.data as { message: Message }).message);
  }

  private snapshot(stored: Stored) {
    const { card } = stored;
    const messages = this.messages(stored);
    return {
      conversation: { ...card },
      messages,
      older_cursor: null,
      last_seq: card.last_seq,
      actions: [],
      ratings: [],
    };
  }
}

function stream(stored: Stored, after: number, signal: AbortSignal | null | undefined): Response {
  return new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const { seq, name, data } of stored.log) {
          if (seq > after) controller.enqueue(frame(seq, name, data));
        }
        stored.streams.add(controller);
        signal?.addEventListener("abort", () => {
          if (stored.streams.delete(controller)) controller.error(new Error("aborted"));
        });
      },
    }),
  );
}

function frame(seq: number, name: string, data: unknown): Uint8Array {
  return new TextEncoder().encode(`id: ${seq}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

function problem(status: number, code: string): Response {
  return json(status, { type: "", title: "", status, code, detail: `detail of ${code}` });
}
