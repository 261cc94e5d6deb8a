// Four customers whose conversations need a person, told in full.

import {
  AI,
  ARTICLES,
  answer,
  cite,
  handOff,
  JONAS,
  MAYA,
  owner,
  person,
  trace,
} from "./mock-cast.mjs";
import { MockConversation } from "./mock-record.mjs";

export const verified = (name, email) => ({
  id: `cus_${name.split(" ")[0].toLowerCase()}`,
  display_name: name,
  email,
  verified: true,
});
export const visitor = (id) => ({
  id: `cus_${id}`,
  display_name: null,
  email: null,
  verified: false,
});
export const SIGNED_IN = "Signed in to the shop; identity token checked";
export const NO_PROOF = "Not signed in";

export function refund(at) {
  const customer = verified("Priya Raman", "priya.raman@example.com");
  const c = at(
    new MockConversation({
      id: "c_refund",
      subject: "Refund for the Skarn jacket",
      customer,
      proof: SIGNED_IN,
    }),
    9,
  );
  const says = (text, minutes) =>
    at(c, minutes).say(
      { kind: "customer", id: customer.id, display_name: customer.display_name },
      text,
    );
  says("Hi, I sent a jacket back last month. When do I get my refund?", 9);
  const first = answer(
    at(c, 8.8),
    "We refund **within 3 business days** after your parcel reaches our warehouse. Your bank may need another 5 to 10 business days to show it. [1]",
    [ARTICLES.refunds, ARTICLES.returns],
    {
      question: "When do I get the refund for a jacket I sent back?",
      value: 0.86,
      sentences: [
        {
          sentence: "We refund within 3 business days after your parcel reaches our warehouse.",
          source: "refund-times#1",
          score: 0.97,
        },
        {
          sentence: "Your bank may need another 5 to 10 business days to show it.",
          source: "refund-times#1",
          score: 0.95,
        },
      ],
    },
  );
  says("It says delivered to you on 28 October. That is more than 3 days. Order 10482", 7.5);
  const call = {
    id: "call_1",
    tool: "order_status",
    arguments: { order_number: "10482" },
    result: {
      ok: true,
      code: "found",
      message: "Order 10482: returned, received 28 October, refund not issued.",
      data: { number: "10482", status: "return_received", total_minor: 18900, currency: "EUR" },
    },
  };
  const second = c.say(
    AI,
    "I found order 10482. The jacket reached our warehouse on **28 October** and the refund of €189.00 has not been issued yet.",
    {
      turn_id: trace(c, {
        question: "Where is the refund for order 10482?",
        articles: [ARTICLES.refunds],
        value: 0.91,
        calls: [call],
      }),
    },
  );
  const wants = says("Then please just refund me now. I need that money this week 😕", 6.4);
  at(c, 6.3);
  const reply = c.say(
    AI,
    "I can't issue a refund myself, so I'm passing this to a colleague with everything you told me. You don't need to repeat anything.",
    {
      turn_id: trace(c, {
        question: "Refund order 10482 now",
        articles: [ARTICLES.refunds],
        value: 0.31,
        decision: "handoff",
        kind: "action_request",
        reason: "needs_approval",
        detail: "A refund of €189.00 needs a person.",
      }),
    },
  );
  handOff(c, "needs_approval", "A refund of €189.00 needs a person.", {
    words: "Needs a person's approval",
    fields: {
      wants: {
        text: "Please just refund me now. I need that money this week",
        message_ids: [wants.id],
      },
      answered: [
        {
          question: "When do I get my refund?",
          answer: "Within 3 business days after the parcel arrives; the bank needs 5 to 10 more.",
          message_id: first.id,
          sources: [
            {
              title: ARTICLES.refunds.title,
              url: "/help/refund-times",
              article_id: "refund-times",
            },
          ],
        },
      ],
      tools: [
        {
          name: "order_status",
          summary: "Order 10482: return received 28 October, refund of €189.00 not issued",
          ok: true,
          turn_id: second.turn_id,
          call_id: "call_1",
        },
      ],
      promises: [
        { text: "A colleague takes over; nothing needs to be repeated", message_id: reply.id },
      ],
      next_step:
        "Check why the refund for 10482 was not issued on time, issue €189.00 to the original card, and tell Priya the date her bank will show it.",
      mood: "impatient",
    },
  });
  c.say({ kind: "system" }, "You are in the queue. A person will answer here.", {});
  return c;
}

export function zip(at) {
  const c = at(
    new MockConversation({
      id: "c_zip",
      subject: "Zip of a 2019 tent",
      customer: visitor("4f1c"),
      proof: NO_PROOF,
    }),
    2.2,
  );
  const asked = c.say(
    { kind: "customer", id: c.customer.id },
    "Do you still repair zips on the Fjell 2 tent? Mine is from 2019, bought in a shop in Oslo, no receipt",
  );
  at(c, 2);
  const turn_id = trace(c, {
    question: "Can the zip of a Fjell 2 tent from 2019 be repaired without a receipt?",
    articles: [ARTICLES.warranty, ARTICLES.returns],
    value: 0.34,
    decision: "handoff",
    reason: "low_confidence",
    detail: "No article covers tents older than 3 years.",
  });
  c.say(
    AI,
    "I couldn't find anything in our help center about repairs of tents that old. I'm asking a colleague who can tell you for sure.",
    { turn_id },
  );
  handOff(c, "low_confidence", "No article covers tents older than 3 years.", {
    words: "The AI agent was not sure enough",
    fields: {
      wants: {
        text: "Do you still repair zips on the Fjell 2 tent? Mine is from 2019, bought in a shop in Oslo, no receipt",
        message_ids: [asked.id],
      },
      next_step: "Say whether out-of-warranty repairs are offered and what they cost.",
    },
  });
  return c;
}

export function parcel(at) {
  const customer = verified("Tomás Oliveira", "tomas.oliveira@example.com");
  const c = at(
    new MockConversation({
      id: "c_parcel",
      subject: "Parcel marked delivered, not here",
      customer,
      proof: SIGNED_IN,
    }),
    31,
  );
  const me = { kind: "customer", id: customer.id, display_name: customer.display_name };
  c.say(me, "tracking says delivered but there is NOTHING here");
  answer(
    at(c, 30.8),
    "Please look with your neighbours and in your letterbox first. Parcels are sometimes scanned a day early. [1]",
    [ARTICLES.returns],
    { question: "Parcel shows delivered but is missing", value: 0.55 },
  );
  at(c, 27).say(me, "I did that!!! this is the second time. I want a human");
  at(c, 26.9);
  handOff(c, "customer_asked", "The customer asked for a person in plain words.", {
    words: "The customer asked for a person",
    fields: {
      wants: {
        text: "Tracking says delivered but there is nothing here. This is the second time.",
        message_ids: [c.messages()[0].id, c.messages().at(-1).id],
      },
      answered: [
        {
          question: "Where is my parcel?",
          answer: "Look with the neighbours and in the letterbox first.",
          message_id: c.messages()[1].id,
          sources: [
            {
              title: "Parcel marked as delivered",
              url: "/help/parcel-delivered",
              article_id: "parcel-delivered",
            },
          ],
        },
      ],
      next_step: "Apologise, open a trace with the carrier, offer a replacement.",
      mood: "angry",
    },
  });
  return c;
}

export function exchange(at) {
  const customer = verified("Ingrid Solberg", "ingrid@example.no");
  const c = at(
    new MockConversation({
      id: "c_boots",
      subject: "Boots one size too small",
      customer,
      proof: SIGNED_IN,
    }),
    1500,
  );
  const me = { kind: "customer", id: customer.id, display_name: customer.display_name };
  for (let n = 0; n < 34; n++) {
    at(c, 1500 - n * 4).say(me, `Question ${n + 1} about the membership points on my account`);
    at(c, 1499 - n * 4).say(AI, "Points are added **14 days** after delivery. [1]", {
      citations: [cite(ARTICLES.returns, 1)],
    });
  }
  at(c, 1300).move("resolve", { by: { kind: "ai_agent", display_name: "Baton" } });
  c.episode = 2;
  at(c, 40).move("reopen", {
    by: { kind: "customer", display_name: customer.display_name },
    to: "automated",
  });
  const asked = c.say(
    me,
    "Hello again. The Brekke boots are one size too small. Can I swap them for a 41?",
  );
  answer(
    at(c, 39.8),
    "Yes. **Order the new size first**, then send the old pair back with the return label:\n\n1. Open Orders and choose the boots.\n2. Print the label and pack the pair unworn.\n3. Drop it at any parcel shop. [1]",
    [ARTICLES.exchange, ARTICLES.returns],
    { question: "Exchange Brekke boots for size 41", value: 0.78 },
  );
  at(c, 36).say(me, "But 41 is sold out online. Can you check the shop in Bergen?");
  handOff(at(c, 35.9), "low_confidence", "Stock of a single shop is not in the help center.", {
    words: "The AI agent was not sure enough",
    fields: {
      wants: {
        text: "Can I swap them for a 41? But 41 is sold out online. Can you check the shop in Bergen?",
        message_ids: [asked.id],
      },
      next_step: "Check stock of Brekke 41 in Bergen and offer to reserve a pair.",
    },
  });
  at(c, 30).move("claim", { by: person(MAYA), assignee: owner(MAYA) });
  at(c, 29).say(
    person(MAYA),
    "Hei Ingrid, Maya here. I'm calling the Bergen shop now. Give me ten minutes.",
    { client_message_id: "seed-1" },
  );
  at(c, 24).say(person(JONAS), "Bergen had two pairs of 41 this morning, ask for Sindre.", {
    visibility: "note",
  });
  at(c, 3).say(me, "Takk! I can wait 🙂");
  return c;
}
