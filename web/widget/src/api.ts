import type {
  ActionCard,
  Article,
  CodePromised,
  Conversation,
  ConversationList,
  ConversationSnapshot,
  Message,
  MessagePage,
  Problem as ProblemBody,
  Rating,
  Wait,
  WidgetConfig,
  WidgetSession,
} from "@baton/shared/types";

/** The server answered and refused. `detail` is in plain words and may be shown. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** Milliseconds the server asks us to wait, from Retry-After. */
  readonly retryAfter: number | null;

  constructor(status: number, body: Partial<ProblemBody>, retryAfter: number | null = null) {
    super(`${status} ${body.code ?? ""}`);
    this.status = status;
    this.code = body.code ?? "";
    this.detail = body.detail || "That did not work.";
    this.retryAfter = retryAfter;
  }
}

/** No answer came: offline, server down, cut connection, or too slow. Safe to send again. */
export class Unreachable extends Error {}

export interface SessionRequest {
  identity_token?: string;
  identifier?: string;
  identifier_hash?: string;
  session_token?: string;
}

/** Gives a token, and another one when the first was refused. */
export interface TokenSource {
  token(): Promise<string>;
  renew(refused: string): Promise<string>;
}

const TIMEOUT = 20_000;

/** The widget's HTTP calls, relative to one base URL. Every call throws Refusal or Unreachable. */
export class WidgetApi {
  private readonly base: string;
  private readonly fetch: typeof fetch;
  private tokens: TokenSource | null = null;

  constructor(base: string, fetchFunction: typeof fetch = (input, init) => fetch(input, init)) {
    this.base = `${base.replace(/\/$/, "")}/widget/v1`;
    this.fetch = fetchFunction;
  }

  useTokens(tokens: TokenSource): void {
    this.tokens = tokens;
  }

  openSession(body: SessionRequest): Promise<WidgetSession> {
    return this.send("POST", "/session", null, body);
  }

  config(): Promise<WidgetConfig> {
    return this.send("GET", "/config", null);
  }

  conversations(): Promise<ConversationList> {
    return this.authorized("GET", "/conversations?limit=20");
  }

  createConversation(clientConversationId: string): Promise<Conversation> {
    const body = { client_conversation_id: clientConversationId };
    return this.authorized("POST", "/conversations", body);
  }

  snapshot(id: string): Promise<ConversationSnapshot> {
    return this.authorized("GET", `/conversations/${encodeURIComponent(id)}`);
  }

  older(id: string, before: number): Promise<MessagePage> {
    return this.authorized("GET", `${this.path(id)}/messages?before=${before}&limit=50`);
  }

  postMessage(id: string, clientMessageId: string, text: string): Promise<{ message: Message }> {
    const body = { client_message_id: clientMessageId, text };
    return this.authorized("POST", `${this.path(id)}/messages`, body);
  }

  requestHuman(id: string, clientMessageId: string): Promise<{ conversation: Conversation }> {
    return this.authorized("POST", `${this.path(id)}/human`, {
      client_message_id: clientMessageId,
    });
  }

  confirm(id: string, card: ActionCard): Promise<ActionCard> {
    const body = { token: card.token };
    return this.authorized("POST", `${this.path(id)}/actions/${card.id}/confirm`, body);
  }

  decline(id: string, card: ActionCard): Promise<ActionCard> {
    return this.authorized("POST", `${this.path(id)}/actions/${card.id}/decline`, {});
  }

  rate(id: string, ratingId: string, score: number, remark: string | null): Promise<Rating> {
    return this.authorized("POST", `${this.path(id)}/ratings/${ratingId}`, { score, remark });
  }

  wait(id: string): Promise<Wait | null> {
    return this.authorized("GET", `${this.path(id)}/wait`);
  }

  answerByEmail(id: string, email: string): Promise<unknown> {
    return this.authorized("POST", `${this.path(id)}/by_email`, { email });
  }

  askMeanwhile(id: string): Promise<unknown> {
    return this.authorized("POST", `${this.path(id)}/ai_meanwhile`, {});
  }

  typing(id: string): Promise<void> {
    return this.authorized("POST", `${this.path(id)}/typing`, {});
  }

  endSession(): Promise<void> {
    return this.authorized("POST", "/session/end", {});
  }

  askForCode(id: string, given: { order_number?: string; email?: string }): Promise<CodePromised> {
    return this.authorized("POST", `${this.path(id)}/verification`, given);
  }

  enterCode(id: string, code: string): Promise<{ verified_until: string }> {
    return this.authorized("POST", `${this.path(id)}/verification/code`, { code });
  }

  article(id: string): Promise<Article> {
    return this.authorized("GET", `/articles/${encodeURIComponent(id)}`);
  }

  eventsUrl(id: string): string {
    return `${this.base}${this.path(id)}/events`;
  }

  private path(id: string): string {
    return `/conversations/${encodeURIComponent(id)}`;
  }

  private async authorized<T>(method: string, path: string, body?: object): Promise<T> {
    const tokens = this.tokens;
    if (!tokens) throw new Error("no token source");
    const token = await tokens.token();
    try {
      return await this.send<T>(method, path, token, body);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 401) throw error;
      return this.send<T>(method, path, await tokens.renew(token), body);
    }
  }

  private async send<T>(method: string, path: string, token: string | null, body?: object) {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    let response: Response;
    let text: string;
    try {
      response = await this.fetch(this.base + path, {
        method,
        headers,
        body: body ? JSON.stringify(body) : undefined,
        credentials: "omit",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      text = await response.text();
    } catch {
      throw new Unreachable();
    }
    if (!response.ok) throw refusalFrom(response, text);
    return parse<T>(text);
  }
}

function parse<T>(text: string): T {
  if (text === "") return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    // A captive portal or proxy page with status 200: not our server.
    throw new Unreachable();
  }
}

function refusalFrom(response: Response, text: string): Refusal {
  let body: Partial<ProblemBody> = {};
  try {
    body = JSON.parse(text) as Partial<ProblemBody>;
  } catch {
    // An HTML error page of a proxy has nothing to show a customer.
  }
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new Refusal(response.status, body, Number.isFinite(seconds) ? seconds * 1000 : null);
}
