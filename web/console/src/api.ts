/** The console's side of the HTTP contract. Every failure is a `Refusal` with plain words that may be shown. */

import type {
  ConsoleConversation,
  ConsoleMessagePage,
  ConsoleSession,
  Conversation,
  DemoAccount,
  HumanAgent,
  InboxView,
  Message,
  Problem,
  SearchResults,
  SummaryPage,
} from "@baton/shared/types";
import type { DeskVerb } from "./state/permissions.ts";

export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, words: string) {
    super(words);
    this.status = status;
    this.code = code;
  }
}

/** What a move needs besides: to whom, or until when (null is until the customer writes). */
export interface MoveDetails {
  human_agent_id?: string;
  until?: string | null;
}

const ROOT = "/console/v1";
const OFFLINE = "The service cannot be reached. Check your connection and try again.";
const BROKEN = "The service could not do that. Try again in a moment.";

export class ConsoleApi {
  private csrf = "";
  private readonly onSignedOut: () => void;

  constructor(onSignedOut: () => void) {
    this.onSignedOut = onSignedOut;
  }

  async signIn(email: string, password: string): Promise<ConsoleSession> {
    return this.adopt(await this.send<ConsoleSession>("POST", "/session", { email, password }));
  }

  /** The session of this browser, or null when nobody is signed in. */
  async session(): Promise<ConsoleSession | null> {
    try {
      return this.adopt(await this.send<ConsoleSession>("GET", "/session"));
    } catch (refusal) {
      if (refusal instanceof Refusal && refusal.status === 401) return null;
      throw refusal;
    }
  }

  signOut(): Promise<void> {
    return this.send("DELETE", "/session");
  }

  /** Accounts to try the demo with; none outside demo mode. */
  async demoAccounts(): Promise<DemoAccount[]> {
    try {
      return (await this.send<{ accounts: DemoAccount[] }>("GET", "/demo-sign-in")).accounts;
    } catch {
      return [];
    }
  }

  async setAvailable(available: boolean): Promise<HumanAgent> {
    const answer = await this.send<{ human_agent: HumanAgent }>("PUT", "/presence", { available });
    return answer.human_agent;
  }

  list(view: InboxView, tag: string | null, cursor: string | null = null): Promise<SummaryPage> {
    const query = new URLSearchParams({ view, limit: "50" });
    if (tag) query.set("tag", tag);
    if (cursor) query.set("cursor", cursor);
    return this.send("GET", `/conversations?${query}`);
  }

  search(words: string, cursor: number | null = null): Promise<SearchResults> {
    const query = new URLSearchParams({ q: words });
    if (cursor) query.set("cursor", String(cursor));
    return this.send("GET", `/search?${query}`);
  }

  open(id: string): Promise<ConsoleConversation> {
    return this.send("GET", at(id));
  }

  older(id: string, before: number): Promise<ConsoleMessagePage> {
    return this.send("GET", `${at(id)}/messages?before=${before}&limit=50`);
  }

  async move(
    id: string,
    verb: DeskVerb,
    ownerEpoch: number,
    details: MoveDetails = {},
  ): Promise<Conversation> {
    const body = { owner_epoch: ownerEpoch, ...details };
    return (await this.send<{ conversation: Conversation }>("POST", `${at(id)}/${verb}`, body))
      .conversation;
  }

  reply(
    id: string,
    body: { client_message_id: string; text: string; owner_epoch: number },
  ): Promise<{ message: Message; conversation: Conversation }> {
    return this.send("POST", `${at(id)}/reply`, body);
  }

  note(
    id: string,
    body: { client_message_id: string; text: string },
  ): Promise<{ message: Message }> {
    return this.send("POST", `${at(id)}/note`, body);
  }

  typing(id: string): Promise<void> {
    return this.send("POST", `${at(id)}/typing`, {});
  }

  inboxUrl(): string {
    return `${ROOT}/stream`;
  }

  eventsUrl(id: string): string {
    return `${ROOT}${at(id)}/events`;
  }

  signedOut(): void {
    this.csrf = "";
    this.onSignedOut();
  }

  private adopt(session: ConsoleSession): ConsoleSession {
    this.csrf = session.csrf_token;
    return session;
  }

  /** Any request of this contract; the areas of the console put their own names on top. */
  async send<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${ROOT}${path}`, this.request(method, path, body)).catch(() => {
      throw new Refusal(0, "offline", OFFLINE);
    });
    if (!answer.ok) throw await this.refusal(answer, path);
    if (answer.status === 204) return undefined as T;
    return (await answer.json()) as T;
  }

  private request(method: string, path: string, body?: object): RequestInit {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (method !== "GET") headers["X-CSRF-Token"] = this.csrf;
    if (body === undefined) return { method, headers };
    headers["Content-Type"] = "application/json";
    // Kept alive: a reply that leaves as the page closes must arrive.
    return { method, headers, body: JSON.stringify(body), keepalive: path.endsWith("/reply") };
  }

  private async refusal(answer: Response, path: string): Promise<Refusal> {
    const problem = (await answer.json().catch(() => ({}))) as Partial<Problem>;
    if (answer.status === 401 && path !== "/session") this.signedOut();
    return new Refusal(answer.status, problem.code ?? "unknown", problem.detail ?? BROKEN);
  }
}

const at = (id: string): string => `/conversations/${encodeURIComponent(id)}`;
