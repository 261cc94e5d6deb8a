/**
 * Server-sent events over fetch, so that the token travels in a header.
 * In: a URL, a way to get headers, the last sequence number seen.
 * Out: events in order, each durable one once, across any number of broken connections.
 * It never gives up by itself except when the server says the stream is not ours (onRefused → false).
 */

export interface StreamEvent {
  name: string;
  /** Sequence number of a durable event; null for a live one. */
  seq: number | null;
  data: unknown;
}

/** connecting: no bytes yet. live: connected. waiting: broken, trying again after a pause. closed: done. */
export type StreamState = "connecting" | "live" | "waiting" | "closed";

export interface StreamOptions {
  url: string;
  headers: () => Record<string, string>;
  /** Resume after this sequence number. Leave out for streams without durable events. */
  after?: number;
  onEvent: (event: StreamEvent) => void;
  onLive?: () => void;
  onState?: (state: StreamState) => void;
  /** A 4xx answer. Return true to try again (after getting a new token, say), false to close. */
  onRefused?: (status: number) => boolean | Promise<boolean>;
  fetch?: typeof fetch;
  random?: () => number;
  /** Milliseconds without a byte after which the connection counts as dead. The server sends one every 15 s. */
  heartbeatTimeout?: number;
  credentials?: RequestCredentials;
}

export interface Stream {
  close(): void;
  /** Try at once instead of waiting out the pause, e.g. when the browser says it is online again. */
  retryNow(): void;
  /** Drop the connection, which may be dead without knowing it, and resume on a new one at once. */
  reconnect(): void;
  readonly lastSeq: number;
}

const HEARTBEAT_TIMEOUT = 40_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 20_000;

export function openStream(options: StreamOptions): Stream {
  const connection = new Connection(options);
  void connection.run();
  return connection;
}

class Connection implements Stream {
  lastSeq: number;
  private failures = 0;
  private closed = false;
  private hurry = false;
  private abort: AbortController | null = null;
  private wake: (() => void) | null = null;

  private readonly options: StreamOptions;

  constructor(options: StreamOptions) {
    this.options = options;
    this.lastSeq = options.after ?? 0;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.abort?.abort();
    this.wake?.();
    this.options.onState?.("closed");
  }

  retryNow(): void {
    this.failures = 0;
    this.wake?.();
  }

  reconnect(): void {
    this.hurry = true;
    this.abort?.abort();
    this.retryNow();
  }

  async run(): Promise<void> {
    while (!this.closed) {
      this.options.onState?.("connecting");
      this.hurry = false;
      const status = await this.connectOnce();
      if (this.closed) return;
      if (status !== null && status >= 400 && status < 500 && status !== 429) {
        const again = (await this.options.onRefused?.(status)) ?? false;
        if (!again) return this.close();
      }
      if (this.closed) return;
      this.options.onState?.("waiting");
      await this.pause();
    }
  }

  /** One connection, to its end. Returns the HTTP status when it was refused, else null. */
  private async connectOnce(): Promise<number | null> {
    const abort = new AbortController();
    this.abort = abort;
    const limit = this.options.heartbeatTimeout ?? HEARTBEAT_TIMEOUT;
    let watchdog = setTimeout(() => abort.abort(), limit);
    try {
      const response = await (this.options.fetch ?? fetch)(this.address(), {
        headers: { Accept: "text/event-stream", ...this.options.headers() },
        signal: abort.signal,
        cache: "no-store",
        credentials: this.options.credentials ?? "same-origin",
      });
      if (!response.ok || !response.body) {
        await response.body?.cancel();
        return response.status;
      }
      this.options.onState?.("live");
      this.options.onLive?.();
      const parser = new FrameParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return null;
        // Only bytes prove the line is good: a proxy may accept the connection and then send nothing.
        this.failures = 0;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => abort.abort(), limit);
        for (const frame of parser.push(value)) this.deliver(frame);
      }
    } catch {
      return null;
    } finally {
      clearTimeout(watchdog);
      abort.abort();
    }
  }

  private address(): string {
    if (this.options.after === undefined) return this.options.url;
    const glue = this.options.url.includes("?") ? "&" : "?";
    return `${this.options.url}${glue}after=${this.lastSeq}`;
  }

  private deliver(frame: Frame): void {
    if (this.closed || frame.data === "") return;
    const seq = frame.id !== null && /^\d+$/.test(frame.id) ? Number(frame.id) : null;
    // A resumed stream may overlap with what was already delivered.
    if (seq !== null && seq <= this.lastSeq) return;
    let data: unknown;
    try {
      data = JSON.parse(frame.data);
    } catch {
      return;
    }
    if (seq !== null) this.lastSeq = seq;
    this.options.onEvent({ name: frame.event, seq, data });
  }

  private pause(): Promise<void> {
    if (this.hurry) {
      this.hurry = false;
      return Promise.resolve();
    }
    const ceiling = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.failures);
    this.failures += 1;
    // Half fixed, half random: a restarted server is not met by every page in the same second.
    const delay = ceiling / 2 + ((this.options.random ?? Math.random)() * ceiling) / 2;
    return new Promise<void>((resolve) => {
      const timer = setTimeout(done, delay);
      this.wake = done;
      function done(): void {
        clearTimeout(timer);
        resolve();
      }
    }).then(() => {
      this.wake = null;
    });
  }
}

export interface Frame {
  id: string | null;
  event: string;
  data: string;
}

/** Cuts a text stream into SSE frames. Takes CR, LF and CRLF, split anywhere between chunks. */
export class FrameParser {
  private buffer = "";
  private id: string | null = null;
  private event = "message";
  private data: string[] = [];

  push(chunk: string): Frame[] {
    this.buffer += chunk;
    const frames: Frame[] = [];
    for (;;) {
      const match = /\r\n|\n|\r/.exec(this.buffer);
      // A CR at the very end may be the first half of a CRLF.
      if (!match || (match[0] === "\r" && match.index === this.buffer.length - 1)) return frames;
      const line = this.buffer.slice(0, match.index);
      this.buffer = this.buffer.slice(match.index + match[0].length);
      const frame = this.line(line);
      if (frame) frames.push(frame);
    }
  }

  private line(line: string): Frame | null {
    if (line === "") return this.dispatch();
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") this.id = value;
    else if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    return null;
  }

  private dispatch(): Frame | null {
    const frame = { id: this.id, event: this.event, data: this.data.join("\n") };
    const empty = this.data.length === 0;
    this.id = null;
    this.event = "message";
    this.data = [];
    return empty ? null : frame;
  }
}
