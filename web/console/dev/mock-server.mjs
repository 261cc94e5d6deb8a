// A stand-in for the service while working on the console: node console/dev/mock-server.mjs [port]
// Serves web/dist/console under the real Content-Security-Policy, and the console API from memory.
// POST /dev/arrive hands one more conversation off; a customer answers each reply after four seconds.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { HUMAN_AGENTS, PASSWORD } from "./mock-cast.mjs";
import { arrival, seed } from "./mock-data.mjs";
import { Problem } from "./mock-record.mjs";

const PORT = Number(process.argv[2] ?? 8100);
const DIST = join(dirname(fileURLToPath(import.meta.url)), "../../dist/console");
const CSP =
  "default-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:";
const TYPES = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".svg": "image/svg+xml",
};

const conversations = new Map();
const sessions = new Map();
const inboxes = new Set();
const replies = new Map();

function register(conversation) {
  conversations.set(conversation.id, conversation);
  conversation.onChange = () => scheduleInbox();
}

const all = () => [...conversations.values()];
const IN_VIEW = {
  queue: (c) => c.status === "queued",
  mine: (c, me) => c.status === "assigned" && c.assignee?.id === me.id,
  open: (c) => c.status !== "resolved",
  automated: (c) => c.status === "automated",
  resolved: (c) => c.status === "resolved",
};

function viewOf(name, me) {
  const rows = all().filter((c) => IN_VIEW[name](c, me));
  const byWait = (a, b) => (a.queued_at ?? "").localeCompare(b.queued_at ?? "");
  const byNews = (a, b) => b.updated_at.localeCompare(a.updated_at);
  return rows.sort(name === "queue" ? byWait : byNews).map((c) => c.summary());
}

function inboxFrame(me) {
  const counts = Object.fromEntries(
    Object.keys(IN_VIEW).map((name) => [name, viewOf(name, me).length]),
  );
  return {
    counts,
    queue: viewOf("queue", me),
    mine: viewOf("mine", me),
    human_agents: HUMAN_AGENTS.map(publicAgent),
  };
}

const publicAgent = ({ id, display_name, online, available }) => ({
  id,
  display_name,
  online,
  available,
});

let scheduled = false;
function scheduleInbox() {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    for (const inbox of inboxes) inbox();
  }, 20);
}

function openStream(res) {
  res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const beat = setInterval(() => res.write(": still here\n\n"), 15_000);
  res.on("close", () => clearInterval(beat));
}

function frame(res, name, data, id) {
  res.write(`${id ? `id: ${id}\n` : ""}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

function streamInbox(res, me) {
  openStream(res);
  const send = () => frame(res, "inbox", inboxFrame(me));
  inboxes.add(send);
  res.on("close", () => inboxes.delete(send));
  send();
}

function streamConversation(res, conversation, after) {
  openStream(res);
  const send = (event) => frame(res, event.kind, event.data, event.seq);
  for (const event of conversation.events) if (event.seq > after) send(event);
  conversation.listeners.add(send);
  res.on("close", () => conversation.listeners.delete(send));
}

function customerAnswers(conversation) {
  const name = conversation.customer.display_name;
  const typing = (activity) =>
    conversation.append(
      "activity",
      { who: "customer", activity, display_name: name },
      { live: true },
    );
  setTimeout(() => typing("typing"), 1500);
  setTimeout(() => {
    typing(null);
    conversation.say(
      { kind: "customer", id: conversation.customer.id, display_name: name },
      "Thank you, that helps a lot!",
    );
  }, 4000);
}

function fenced(conversation, body) {
  if (body.owner_epoch !== conversation.owner_epoch)
    throw new Problem(409, "stale_conversation", "Someone changed this conversation first.");
}

function accept(conversation, me) {
  if (conversation.handoff)
    Object.assign(conversation.handoff, { state: "accepted", accepted_by: me.id });
}

function move(conversation, verb, body, me) {
  if (verb === "claim" && conversation.status === "assigned")
    throw new Problem(
      409,
      "already_assigned",
      `${conversation.assignee.display_name} took it first.`,
    );
  fenced(conversation, body);
  const target = HUMAN_AGENTS.find(
    (agent) => agent.id === (verb === "assign" ? body.human_agent_id : me.id),
  );
  const keeps = ["claim", "assign", "reopen"].includes(verb);
  const assignee = keeps ? { id: target.id, display_name: target.display_name } : null;
  if (keeps) accept(conversation, target);
  conversation.move(verb, { by: { kind: "human_agent", display_name: me.display_name }, assignee });
  return { conversation: conversation.view() };
}

function post(conversation, kind, body, me) {
  const known = replies.get(body.client_message_id);
  if (known) return { message: known, conversation: conversation.view() };
  if (body.text.includes("fail please"))
    throw new Problem(503, "unavailable", "The service is restarting.");
  if (kind === "reply") {
    fenced(conversation, body);
    if (conversation.status !== "assigned") move(conversation, "claim", body, me);
  }
  const author = { kind: "human_agent", id: me.id, display_name: me.display_name };
  const { client_message_id } = body;
  const visibility = kind === "note" ? "note" : "public";
  const message = conversation.say(author, body.text, { client_message_id, visibility });
  replies.set(client_message_id, message);
  if (kind === "reply") customerAnswers(conversation);
  return { message, conversation: conversation.view() };
}

function opened(conversation) {
  const { handoff, brief, customer } = conversation;
  return {
    conversation: conversation.view(),
    customer,
    handoff,
    brief,
    ...conversation.page(null, 50),
    last_seq: conversation.events.length,
  };
}

function signIn(res, body) {
  const me = HUMAN_AGENTS.find((agent) => agent.email === body.email && body.password === PASSWORD);
  if (!me) throw new Problem(401, "invalid_credentials", "E-mail or password is wrong.");
  const key = Math.random().toString(36).slice(2);
  sessions.set(key, me);
  res.setHeader("set-cookie", `baton_console=${key}; Path=/; HttpOnly; SameSite=Lax`);
  return { human_agent: me, csrf_token: "csrf" };
}

function signOut(key) {
  sessions.delete(key);
  return null;
}

function setPresence(me, available) {
  me.available = available;
  scheduleInbox();
  return { human_agent: me };
}

function conversationRoute(req, res, url, body, me) {
  const [, id, verb] = url.pathname.match(/^\/console\/v1\/conversations\/([^/]+)\/?(\w*)$/) ?? [];
  const conversation = conversations.get(id);
  if (!conversation) throw new Problem(404, "not_found", "There is no such conversation.");
  if (req.method === "GET" && !verb) return opened(conversation);
  if (verb === "events")
    return streamConversation(res, conversation, Number(url.searchParams.get("after") ?? 0));
  if (verb === "messages")
    return conversation.page(
      Number(url.searchParams.get("before")),
      Number(url.searchParams.get("limit") ?? 50),
    );
  if (verb === "typing") return null;
  if (verb === "reply" || verb === "note") return post(conversation, verb, body, me);
  return move(conversation, verb, body, me);
}

function route(req, res, url, body) {
  const key = /baton_console=(\w+)/.exec(req.headers.cookie ?? "")?.[1];
  const me = sessions.get(key);
  const at = `${req.method} ${url.pathname}`;
  if (at === "POST /console/v1/session") return signIn(res, body);
  if (at === "GET /console/v1/demo-sign-in")
    return {
      accounts: HUMAN_AGENTS.slice(0, 2).map(({ email, display_name }) => ({
        email,
        display_name,
        password: PASSWORD,
      })),
    };
  if (at === "POST /dev/arrive") return arrival(register).summary();
  if (!me) throw new Problem(401, "signed_out", "Please sign in.");
  if (req.method !== "GET" && req.headers["x-csrf-token"] !== "csrf")
    throw new Problem(403, "csrf", "Reload the page.");
  if (at === "GET /console/v1/session") return { human_agent: me, csrf_token: "csrf" };
  if (at === "DELETE /console/v1/session") return signOut(key);
  if (at === "PUT /console/v1/presence") return setPresence(me, body.available);
  if (at === "GET /console/v1/human_agents") return { human_agents: HUMAN_AGENTS.map(publicAgent) };
  if (at === "GET /console/v1/stream") return streamInbox(res, me);
  if (at === "GET /console/v1/conversations")
    return {
      conversations: viewOf(url.searchParams.get("view") ?? "queue", me),
      next_cursor: null,
    };
  return conversationRoute(req, res, url, body, me);
}

async function readBody(req) {
  let text = "";
  for await (const piece of req) text += piece;
  return text ? JSON.parse(text) : {};
}

async function api(req, res, url) {
  try {
    const answer = route(req, res, url, await readBody(req));
    if (answer === undefined) return;
    if (answer === null) return res.writeHead(204).end();
    res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { status, code, detail } = error;
    res.writeHead(status, { "content-type": "application/problem+json" });
    res.end(JSON.stringify({ type: "about:blank", title: code, status, code, detail }));
  }
}

async function page(res, path) {
  const name = normalize(path.replace(/^\/console\/?/, "")).replace(/^(\.\.[/\\])+/, "");
  const file = extname(name) ? join(DIST, name) : join(DIST, "index.html");
  const body = await readFile(file).catch(() => null);
  if (body === null) return res.writeHead(404).end();
  res.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-security-policy": CSP,
  });
  res.end(body);
}

seed(register);
createServer((req, res) => {
  const url = new URL(req.url, "http://mock");
  if (/^\/(console\/v1|dev)\//.test(url.pathname)) return api(req, res, url);
  return page(res, url.pathname);
}).listen(PORT, "127.0.0.1", () =>
  process.stdout.write(`mock console on http://127.0.0.1:${PORT}/console/\n`),
);
