// The mock's cast and what its AI agent knows: people, articles, traces, briefs.

import { freshId } from "./mock-record.mjs";

export const HUMAN_AGENTS = [
  {
    id: "ha_maya",
    email: "maya@demo.example",
    display_name: "Maya Lindqvist",
    online: true,
    available: true,
  },
  {
    id: "ha_jonas",
    email: "jonas@demo.example",
    display_name: "Jonas Weber",
    online: true,
    available: true,
  },
  {
    id: "ha_amara",
    email: "amara@demo.example",
    display_name: "Amara Okafor",
    online: true,
    available: false,
  },
  {
    id: "ha_luis",
    email: "luis@demo.example",
    display_name: "Luis Ferreira",
    online: false,
    available: false,
  },
];
export const PASSWORD = "demo-password";

export const AI = { kind: "ai_agent", display_name: "Baton" };
export const person = (agent) => ({
  kind: "human_agent",
  id: agent.id,
  display_name: agent.display_name,
});
export const owner = (agent) => ({ id: agent.id, display_name: agent.display_name });
export const [MAYA, JONAS] = HUMAN_AGENTS;

export const ARTICLES = {
  refunds: {
    id: "refund-times",
    title: "When will I get my refund?",
    heading: "How long it takes",
    text: "We refund within 3 business days after your parcel reaches our warehouse. Your bank may need another 5 to 10 business days to show it.",
  },
  returns: {
    id: "return-an-item",
    title: "Return an item",
    heading: "Start a return",
    text: "You can return unused items within 60 days. Open Orders, choose the item and print the label. The label is free within the EU.",
  },
  warranty: {
    id: "warranty-repairs",
    title: "Warranty and repairs",
    heading: "What is covered",
    text: "Zips, seams and poles are covered for 3 years from the day of purchase. Wear from normal use is not covered.",
  },
  exchange: {
    id: "exchange-size",
    title: "Exchange for another size",
    heading: "Boots and shoes",
    text: "Order the new size first, then send the old pair back with the return label. We keep no size on hold.",
  },
};

function hit(article, score, rank) {
  const { id, title, heading, text } = article;
  const parts = {
    score,
    dense: Math.max(0, score - 0.06),
    lexical: Math.max(0, score - 0.21 + rank * 0.04),
  };
  return { passage_id: `${id}#1`, article_id: id, title, heading, ...parts, text };
}

export function cite(article, marker) {
  const { id, title, heading, text } = article;
  return {
    marker,
    article_id: id,
    passage_id: `${id}#1`,
    title,
    heading,
    url: `/help/${id}`,
    quote: text,
  };
}

export function trace(
  conversation,
  { question, articles, value, decision = "answer", calls = [], sentences = [], ...rest },
) {
  const turn_id = freshId("turn");
  const hits = articles.map((article, i) => hit(article, value - i * 0.17, i));
  const evidence = {
    top_score: value,
    margin: 0.17,
    lexical_coverage: 0.62,
    ranker_agreement: 1,
    grounded_share: 0.94,
  };
  const contributions = {
    top_score: 1.42,
    margin: 0.38,
    lexical_coverage: 0.22,
    ranker_agreement: 0.51,
    intercept: -1.1,
  };
  if (decision === "handoff")
    Object.assign(contributions, { top_score: -0.9, margin: -0.34, lexical_coverage: -0.6 });
  conversation.traces[turn_id] = {
    decision,
    kind: calls.length ? "order_status" : "question",
    question,
    responder: "extractive",
    confidence: { value, calibrated: false, evidence, contributions },
    reason: null,
    detail: "",
    fell_back: "",
    hits,
    tool_calls: calls,
    sentences,
    knowledge_version: "kb-7f3a91",
    duration_ms: 184,
    steps: [
      { name: "retrieve", ms: 61 },
      { name: "respond", ms: 74 },
      { name: "check grounding", ms: 38 },
    ],
    ...rest,
  };
  return turn_id;
}

export function answer(conversation, text, articles, detail) {
  const turn_id = trace(conversation, { articles, ...detail });
  const citations = articles.slice(0, 1).map((article, i) => cite(article, i + 1));
  return conversation.say(AI, text, { citations, turn_id });
}

export function handOff(conversation, reason, detail, brief) {
  const { id, customer, proof } = conversation;
  conversation.queued_at = conversation.clock().toISOString();
  conversation.move("hand_off", {
    by: { kind: "ai_agent", display_name: "Baton" },
    to: "queued",
    reason,
  });
  const queued_at = conversation.queued_at;
  conversation.handoff = {
    id: `ho_${id}`,
    state: "queued",
    reason,
    detail,
    queued_at,
    accepted_at: null,
    accepted_by: null,
  };
  conversation.brief = {
    answered: [],
    tools: [],
    promises: [],
    language: "English",
    mood: "calm",
    customer: {
      display_name: customer.display_name,
      email: customer.email,
      verified: customer.verified,
      proof,
    },
    reason: { code: reason, words: brief.words, detail },
    ...brief.fields,
  };
}
