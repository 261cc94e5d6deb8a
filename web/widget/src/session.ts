import type { WidgetSession } from "@baton/shared/types";
import { Refusal, type SessionRequest, type TokenSource, Unreachable } from "./api.ts";
import { type KeyValue, readJson } from "./storage.ts";

export type SessionCustomer = WidgetSession["customer"];
/** An identity token, where to get one, or (with less proof) an identifier and its HMAC. */
export type IdentitySource = string | HashedIdentifier | (() => string | Promise<string>);
export interface HashedIdentifier {
  identifier: string;
  identifier_hash: string;
}

export interface SessionOptions {
  storage: KeyValue;
  open: (body: SessionRequest) => Promise<WidgetSession>;
  /** Called after each new session with the customer before and now (null: signed out or none yet). */
  onCustomer: (before: SessionCustomer | null, now: SessionCustomer | null) => void;
}

const KEY = "session";

/**
 * Who is asking. Opens a visitor session on first need, replaces it when the host page says who the
 * customer is, and gets a new one when the server calls the old one expired.
 */
export class Session implements TokenSource {
  private stored: WidgetSession | null;
  private identity: IdentitySource | null = null;
  /** True from setUser until the server took the identity: no call may go out under the old session. */
  private identityPending = false;
  private opening: Promise<string> | null = null;
  private generation = 0;
  private readonly options: SessionOptions;

  constructor(options: SessionOptions) {
    this.options = options;
    this.stored = readJson<WidgetSession>(options.storage, KEY);
  }

  get customer(): SessionCustomer | null {
    return this.stored?.customer ?? null;
  }

  get current(): string | null {
    return this.stored?.session_token ?? null;
  }

  token(): Promise<string> {
    if (this.opening) return this.opening;
    if (this.stored && !this.identityPending) return Promise.resolve(this.stored.session_token);
    return this.open();
  }

  renew(refused: string): Promise<string> {
    if (this.opening) return this.opening;
    const stored = this.stored?.session_token;
    // Another call may have renewed it while this one was on its way.
    if (stored && stored !== refused && !this.identityPending) return Promise.resolve(stored);
    return this.open();
  }

  /** Throws Refusal (401 invalid_identity) or Unreachable; after the latter the next call tries again. */
  async setUser(identity: IdentitySource): Promise<void> {
    this.identity = identity;
    this.identityPending = true;
    await this.open();
  }

  reset(): void {
    const before = this.customer;
    this.generation += 1;
    this.identity = null;
    this.identityPending = false;
    this.opening = null;
    this.store(null);
    this.options.onCustomer(before, null);
  }

  private open(): Promise<string> {
    this.generation += 1;
    const opening = this.exchange(this.generation).finally(() => {
      if (this.opening === opening) this.opening = null;
    });
    this.opening = opening;
    return opening;
  }

  private async exchange(generation: number): Promise<string> {
    const before = this.stored;
    const body: SessionRequest = {};
    try {
      const identity = this.identity;
      if (identity !== null) {
        if (typeof identity === "object") Object.assign(body, identity);
        else body.identity_token = typeof identity === "string" ? identity : await identity();
        // A visitor's conversations move along; those of a customer with a name never do.
        if (before?.customer.assurance === "anonymous") body.session_token = before.session_token;
      }
      if (generation !== this.generation) return this.superseded();
      const answer = await this.options.open(body);
      if (generation !== this.generation) return this.superseded();
      this.identityPending = false;
      this.store(answer);
      this.options.onCustomer(before?.customer ?? null, answer.customer);
      return answer.session_token;
    } catch (error) {
      if (generation === this.generation && isInvalidIdentity(error)) this.forgetIdentity();
      throw error;
    }
  }

  /** reset() or a newer setUser() came first. After reset a call of the past must not go out as somebody new. */
  private superseded(): Promise<string> {
    return this.opening ?? Promise.reject(new Unreachable());
  }

  /** The identity was refused. A verified session beside it may be another person's: drop that too. */
  private forgetIdentity(): void {
    const before = this.customer;
    this.identity = null;
    this.identityPending = false;
    if (!before || before.assurance === "anonymous") return;
    this.store(null);
    this.options.onCustomer(before, null);
  }

  private store(session: WidgetSession | null): void {
    this.stored = session;
    if (session) this.options.storage.set(KEY, JSON.stringify(session));
    else this.options.storage.remove(KEY);
  }
}

function isInvalidIdentity(error: unknown): boolean {
  return error instanceof Refusal && error.status === 401;
}
