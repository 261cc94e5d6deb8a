/**
 * A stand-in for the service, for looking at the widget and the shop while working on them:
 * `npm run build && npm run mock`. In memory, dev only, answers by keyword. Words that do something:
 * "person" (handoff; a person joins after 4 s), "order" (asks to sign in), "back to the ai".
 */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { ARTICLE, ORDERS, p, SHOP } from "./mock-data.mjs";
import { answer, handOff, move, now, ONLINE, post } from "./mock-record.mjs";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const PORT = Number(process.env.PORT ?? 8123);
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const sessions = new Map();
const conversations = new Map();
const routes = [
  [
    "POST",
    /^\/widget\/v1\/session$/,
    ({ body }) => {
      const identity = body.identity_token?.replace("jwt-", "");
      const known = SHOP.customers.find((each) => each.key === identity);
      if (body.identity_token && !known)
        return problem(401, "invalid_identity", "Please sign in again.");
      const visitor = sessions.get(body.session_token);
      const customer = {
        id: known ? `c_${known.key}` : `c_${randomUUID()}`,
        display_name: known?.display_name ?? null,
        verified: Boolean(known),
      };
      if (visitor)
        for (const each of conversations.values())
          if (each.owner === visitor.id) each.owner = customer.id;
      const session_token = randomUUID();
      sessions.set(session_token, customer);
      return { session_token, expires_at: new Date(Date.now() + 864e5).toISOString(), customer };
    },
  ],
  [
    "GET",
    /^\/widget\/v1\/config$/,
    () => ({
      name: SHOP.name,
      ai_name: "Northpeak AI agent",
      greeting: "Hi, what can I help you with today?",
      suggestions: [
        "Where is my order?",
        "Can I return boots I have worn?",
        "How long does shipping to Canada take?",
      ],
      online: ONLINE,
      away_text:
        "Nobody is at the desk right now. We're back tomorrow at 9:00 and will answer here first thing.",
    }),
  ],
  [
    "GET",
    /^\/widget\/v1\/articles\/([^/]+)$/,
    ({ match }) =>
      match[1] === ARTICLE.id ? ARTICLE : problem(404, "not_found", "No such article."),
  ],
  [
    "GET",
    /^\/widget\/v1\/conversations$/,
    ({ customer }) => ({
      next_cursor: null,
      conversations: [...conversations.values()]
        .filter((each) => each.owner === customer.id)
        .map((each) => ({ ...each.card, preview: each.messages.at(-1)?.text ?? "" }))
        .reverse(),
    }),
  ],
  [
    "POST",
    /^\/widget\/v1\/conversations$/,
    ({ body, customer }) => {
      const id = `cv_${body.client_conversation_id}`;
      if (!conversations.has(id)) {
        const card = {
          id,
          status: "automated",
          episode: 1,
          owner_epoch: 0,
          subject: null,
          assignee: null,
          created_at: now(),
          updated_at: now(),
          queued_at: null,
          last_seq: 0,
          customer,
        };
        conversations.set(id, {
          card,
          owner: customer.id,
          messages: [],
          log: [],
          streams: new Set(),
        });
      }
      return conversations.get(id).card;
    },
  ],
  [
    "GET",
    /^\/widget\/v1\/conversations\/([^/]+)$/,
    ({ found }) => ({
      conversation: found.card,
      messages: found.messages.slice(-50),
      older_cursor: null,
      last_seq: found.card.last_seq,
    }),
  ],
  [
    "POST",
    /^\/widget\/v1\/conversations\/([^/]+)\/messages$/,
    ({ found, body, customer }) => {
      const known = found.messages.find(
        (each) => each.client_message_id === body.client_message_id,
      );
      if (known && known.text !== body.text)
        return problem(
          409,
          "client_message_id_reused",
          "This message was already sent with other words.",
        );
      if (body.text.length > 8000)
        return problem(413, "message_too_long", "Please keep a message under 8,000 characters.");
      found.card.subject ??= body.text.slice(0, 60);
      if (!known && found.card.status === "resolved")
        move(found, "reopen", "automated", { kind: "customer", display_name: null });
      const message =
        known ??
        post(found, { kind: "customer" }, [p(body.text)], {
          client_message_id: body.client_message_id,
        });
      if (!known) void answer(found, body.text, customer.verified);
      return { message, turn_id: "t" };
    },
  ],
  [
    "POST",
    /^\/widget\/v1\/conversations\/([^/]+)\/human$/,
    ({ found }) => {
      void handOff(found);
      return { conversation: found.card };
    },
  ],
  ["POST", /^\/widget\/v1\/conversations\/([^/]+)\/typing$/, () => undefined],
  ["GET", /^\/demo\/v1\/shop$/, () => SHOP],
  [
    "POST",
    /^\/demo\/v1\/sign-in$/,
    ({ body }) => ({
      identity_token: `jwt-${body.key}`,
      customer: SHOP.customers.find((each) => each.key === body.key),
    }),
  ],
  ["GET", /^\/demo\/v1\/orders$/, () => ({ orders: ORDERS })],
];

function problem(status, code, detail) {
  return { problem: { type: "about:blank", title: code, status, detail, code } };
}

function stream(response, found, after) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write(": hello\n\n");
  for (const each of found.log) if (each.seq > after) response.write(each.frame);
  found.streams.add(response);
  const beat = setInterval(() => response.write(": beat\n\n"), 15_000);
  response.on("close", () => {
    clearInterval(beat);
    found.streams.delete(response);
  });
}

async function serveFile(path, response) {
  const name =
    path === "/"
      ? "shop/index.html"
      : path === "/widget.js"
        ? "widget/widget.js"
        : path.replace(/^\/static\//, "").replace(/^\/assets\//, "shop/assets/");
  try {
    const file = await readFile(join(DIST, normalize(`/${name}`)));
    const policy = "default-src 'self'; style-src 'self'; script-src 'self'";
    response.writeHead(200, {
      "Content-Type": TYPES[extname(name)] ?? "application/octet-stream",
      "Content-Security-Policy": policy,
    });
    response.end(file);
  } catch {
    response.writeHead(404).end("not found");
  }
}

createServer(async (request, response) => {
  const url = new URL(request.url, "http://x");
  const customer = sessions.get(request.headers.authorization?.slice(7));
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
  const send = (status, value) =>
    response
      .writeHead(status, { "Content-Type": "application/json" })
      .end(value === undefined ? "" : JSON.stringify(value));
  const open = /^\/(demo|widget\/v1\/(session|config))/.test(url.pathname);
  if (/^\/(widget|demo)\//.test(url.pathname) && !open && !customer)
    return send(401, problem(401, "session_expired", "Please try again.").problem);
  const found = conversations.get(/conversations\/([^/]+)/.exec(url.pathname)?.[1]);
  if (url.pathname.includes("/conversations/") && found?.owner !== customer?.id)
    return send(404, problem(404, "not_found", "There is no such conversation.").problem);
  if (url.pathname.endsWith("/events"))
    return stream(response, found, Number(url.searchParams.get("after") ?? 0));
  for (const [method, pattern, handle] of routes) {
    const match = pattern.exec(url.pathname);
    if (!match || method !== request.method) continue;
    const result = handle({ match, body, customer, found });
    return result?.problem
      ? send(result.problem.status, result.problem)
      : send(result ? 200 : 204, result);
  }
  return serveFile(url.pathname, response);
}).listen(PORT, "127.0.0.1", () => console.warn(`mock on http://127.0.0.1:${PORT}`));
