// The mock's record: conversations with an event log, the legal moves, and who listens to them.

const MARKUP = /\*\*(.+?)\*\*|\[(\d+)\]|\[([^\]]+)\]\(([^)]+)\)/g;

function inline(text) {
  const parts = [];
  let at = 0;
  for (const hit of text.matchAll(MARKUP)) {
    if (hit.index > at) parts.push({ t: "text", v: text.slice(at, hit.index) });
    if (hit[1]) parts.push({ t: "strong", c: [{ t: "text", v: hit[1] }] });
    else if (hit[2]) parts.push({ t: "cite", n: Number(hit[2]) });
    else parts.push({ t: "link", href: hit[4], c: [{ t: "text", v: hit[3] }] });
    at = hit.index + hit[0].length;
  }
  if (at < text.length) parts.push({ t: "text", v: text.slice(at) });
  return parts;
}

export function blocks(text) {
  return text.split("\n\n").map((part) => {
    const lines = part.split("\n");
    if (lines.every((line) => /^\d+\. /.test(line)))
      return {
        t: "ol",
        c: lines.map((line) => [{ t: "p", c: inline(line.replace(/^\d+\. /, "")) }]),
      };
    if (lines.every((line) => line.startsWith("- ")))
      return { t: "ul", c: lines.map((line) => [{ t: "p", c: inline(line.slice(2)) }]) };
    const spans = lines.flatMap((line, i) => (i ? [{ t: "br" }, ...inline(line)] : inline(line)));
    return { t: "p", c: spans };
  });
}

let counter = 0;
export const freshId = (kind) => `${kind}_${Date.now().toString(36)}${(++counter).toString(36)}`;

export class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    Object.assign(this, { status, code, detail });
  }
}

const LEGAL = {
  claim: ["automated", "queued", "snoozed"],
  assign: ["automated", "queued", "assigned", "snoozed"],
  release: ["assigned"],
  return_to_ai: ["queued", "assigned"],
  resolve: ["automated", "queued", "assigned", "snoozed"],
  reopen: ["resolved"],
};
const TARGET = {
  claim: "assigned",
  assign: "assigned",
  release: "queued",
  return_to_ai: "automated",
  resolve: "resolved",
  reopen: "assigned",
};

export class MockConversation {
  constructor({ id, subject, customer, proof }) {
    Object.assign(this, {
      id,
      subject,
      customer,
      proof,
      events: [],
      listeners: new Set(),
      traces: {},
    });
    Object.assign(this, { status: "automated", episode: 1, owner_epoch: 0, assignee: null });
    Object.assign(this, {
      handoff: null,
      brief: null,
      queued_at: null,
      created_at: null,
      updated_at: null,
    });
    this.clock = () => new Date();
    this.onChange = () => {};
  }

  append(kind, data, { live = false } = {}) {
    const at = this.clock().toISOString();
    this.created_at ??= at;
    if (!live) this.updated_at = at;
    const event = { seq: live ? null : this.events.length + 1, kind, data };
    if (!live) this.events.push(event);
    for (const listener of this.listeners) listener(event);
    if (!live) this.onChange();
    return event;
  }

  say(author, text, extra = {}) {
    const message = {
      id: freshId("msg"),
      seq: this.events.length + 1,
      episode: this.episode,
      author: { id: null, display_name: null, ...author },
      visibility: "public",
      text,
      body: blocks(text),
      citations: [],
      request: null,
      client_message_id: null,
      created_at: this.clock().toISOString(),
      turn_id: null,
      ...extra,
    };
    this.append("message_posted", { message });
    return message;
  }

  move(verb, { by, assignee = null, to = TARGET[verb], reason = null }) {
    if (LEGAL[verb] && !LEGAL[verb].includes(this.status))
      throw new Problem(
        409,
        "illegal_move",
        "That is not possible in the conversation's present state.",
      );
    const from = this.status;
    this.status = to;
    this.owner_epoch += 1;
    this.assignee = assignee;
    if (to === "queued") this.queued_at ??= this.clock().toISOString();
    if (to !== "queued" && to !== "assigned") this.queued_at = null;
    const at = this.clock().toISOString();
    const { owner_epoch, episode } = this;
    this.append("status_changed", {
      verb,
      from,
      to,
      owner_epoch,
      episode,
      by,
      assignee,
      reason,
      at,
    });
  }

  messages() {
    return this.events.filter((e) => e.kind === "message_posted").map((e) => e.data.message);
  }

  view() {
    const {
      id,
      status,
      episode,
      owner_epoch,
      subject,
      assignee,
      created_at,
      updated_at,
      queued_at,
      customer,
    } = this;
    const last_seq = this.events.length;
    return {
      id,
      status,
      episode,
      owner_epoch,
      subject,
      assignee,
      created_at,
      updated_at,
      queued_at,
      last_seq,
      customer,
    };
  }

  summary() {
    const last = this.messages()
      .filter((m) => m.visibility === "public")
      .at(-1);
    return {
      ...this.view(),
      reason: this.handoff?.reason ?? null,
      detail: this.handoff?.detail ?? null,
      preview: last ? { author_kind: last.author.kind, text: last.text.slice(0, 140) } : null,
      waiting_since: this.queued_at,
    };
  }

  page(before, limit) {
    const earlier = this.messages().filter((m) => before === null || m.seq < before);
    const messages = earlier.slice(-limit);
    const older_cursor = earlier.length > messages.length ? String(messages[0].seq) : null;
    return { messages, older_cursor, traces: this.traces };
  }
}
