/** The stand-in's conversations: posting, moving, and an AI agent and a person who answer by keyword. */
import { randomUUID } from "node:crypto";
import { CITATION, p, text } from "./mock-data.mjs";

export const ONLINE = process.env.OFFLINE !== "1";
const MAYA = { id: "ha_1", display_name: "Maya Lindqvist" };
export const now = () => new Date().toISOString();

function publish(conversation, name, data, seq) {
  const id = seq === undefined ? "" : `id: ${seq}\n`;
  const frame = `${id}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  if (seq !== undefined) conversation.log.push({ seq, frame });
  for (const stream of conversation.streams) stream.write(frame);
}

export function post(conversation, author, body, extra = {}) {
  const { card } = conversation;
  card.last_seq += 1;
  card.updated_at = now();
  const words = body
    .map((block) => (block.c ?? []).map((each) => each.v ?? "").join(""))
    .join("\n");
  const message = {
    id: randomUUID(),
    seq: card.last_seq,
    episode: card.episode,
    author: { id: null, display_name: null, ...author },
    visibility: "public",
    text: words,
    body,
    citations: [],
    request: null,
    client_message_id: null,
    created_at: now(),
    turn_id: null,
    ...extra,
  };
  conversation.messages.push(message);
  publish(conversation, "message_posted", { message }, card.last_seq);
  return message;
}

export function move(conversation, verb, to, by, assignee = null) {
  const { card } = conversation;
  const from = card.status;
  Object.assign(card, {
    status: to,
    assignee,
    owner_epoch: card.owner_epoch + 1,
    last_seq: card.last_seq + 1,
  });
  const { owner_epoch, episode } = card;
  publish(
    conversation,
    "status_changed",
    { verb, from, to, owner_epoch, episode, by, assignee, reason: null, at: now() },
    card.last_seq,
  );
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ai = { kind: "ai_agent" };
const live = (conversation, who, activity, display_name = null) =>
  publish(conversation, "activity", { who, activity, display_name });

export async function handOff(conversation) {
  if (conversation.card.status !== "automated") return;
  move(conversation, "hand_off", "queued", { kind: "ai_agent", display_name: null });
  if (!ONLINE) return;
  await wait(4000);
  move(
    conversation,
    "claim",
    "assigned",
    { kind: "human_agent", display_name: MAYA.display_name },
    MAYA,
  );
  live(conversation, "human_agent", "typing", "Maya");
  await wait(2500);
  post(conversation, { kind: "human_agent", ...MAYA }, [
    p(
      "Hi, Maya here. I've read everything above: you would like to change the boots for a half size up. I have put a pair aside for you.",
    ),
  ]);
}

export async function answer(conversation, words, verified) {
  await wait(300);
  if (conversation.card.status === "assigned" && /back to the ai/i.test(words)) {
    move(conversation, "return_to_ai", "automated", { kind: "human_agent", display_name: "Maya" });
    return;
  }
  if (conversation.card.status !== "automated") return;
  live(conversation, "ai_agent", /order/i.test(words) ? "checking_order" : "searching");
  await wait(1400);
  live(conversation, "ai_agent", "writing");
  await wait(700);
  if (/person|human/i.test(words)) {
    post(conversation, ai, [
      p("Of course. I'm passing you to one of my colleagues, with everything you told me."),
    ]);
    await handOff(conversation);
  } else if (/order/i.test(words) && !verified) {
    post(
      conversation,
      ai,
      [p("I can look that up. Please sign in first, so that I know the order is yours.")],
      { request: "sign_in" },
    );
  } else if (/order/i.test(words)) {
    post(conversation, ai, [
      p(
        "Order ",
        { t: "strong", c: [text("NP-20417")] },
        " left our warehouse on 20 November. It should be with you on Tuesday.",
      ),
    ]);
  } else {
    post(
      conversation,
      ai,
      [
        p(
          "Yes. You can send back unused gear within ",
          { t: "strong", c: [text("60 days")] },
          " of delivery. ",
          { t: "cite", n: 1 },
        ),
        p("To send it:"),
        {
          t: "ol",
          c: [
            [p("Open your order and choose “Return items”.")],
            [p("Print the label, or show the code at the post office. ", { t: "cite", n: 1 })],
          ],
        },
      ],
      { citations: [CITATION] },
    );
  }
}
