// A morning at the desk of a small outdoor shop: what the console looks like with real work in it.

import { ARTICLES, answer, handOff, JONAS, owner, person } from "./mock-cast.mjs";
import { freshId, MockConversation } from "./mock-record.mjs";
import {
  exchange,
  NO_PROOF,
  parcel,
  refund,
  SIGNED_IN,
  verified,
  visitor,
  zip,
} from "./mock-stories.mjs";

function simple(at, { id, subject, customer, minutes, lines }) {
  const c = at(
    new MockConversation({
      id,
      subject,
      customer,
      proof: customer.verified ? SIGNED_IN : NO_PROOF,
    }),
    minutes,
  );
  const me = { kind: "customer", id: customer.id, display_name: customer.display_name };
  lines.forEach((line, i) => {
    at(c, minutes - i * 0.4);
    if (i % 2 === 0) c.say(me, line);
    else answer(c, line, [ARTICLES.returns, ARTICLES.refunds], { question: lines[0], value: 0.82 });
  });
  return c;
}

export function seed(register) {
  const now = Date.now();
  const at = (conversation, minutes) => {
    conversation.clock = () => new Date(now - minutes * 60_000);
    return conversation;
  };
  const made = [refund(at), zip(at), parcel(at), exchange(at)];
  made.push(
    simple(at, {
      id: "c_label",
      subject: "Return label to Spain",
      customer: visitor("9a22"),
      minutes: 4,
      lines: [
        "How do I get a return label for Spain?",
        "Open **Orders**, choose the item and print the label. It is free within the EU. [1]",
      ],
    }),
  );
  made.push(
    simple(at, {
      id: "c_card",
      subject: "Pay with two cards",
      customer: verified("Chidi Eze", "chidi@example.com"),
      minutes: 12,
      lines: [
        "can i split a payment over 2 cards",
        "An order takes one card. You can pay part of it with a gift card. [1]",
      ],
    }),
  );
  const colleague = simple(at, {
    id: "c_gift",
    subject: "Gift card not accepted",
    customer: verified("Hanna Koskinen", "hanna@example.fi"),
    minutes: 55,
    lines: ["My gift card is refused at checkout"],
  });
  handOff(at(colleague, 54), "reserved_topic", "Gift card balances are for people only.", {
    words: "A topic kept for people",
    fields: {
      wants: {
        text: "My gift card is refused at checkout",
        message_ids: [colleague.messages()[0].id],
      },
      next_step: "Look up the card's balance and expiry.",
    },
  });
  at(colleague, 50).move("claim", { by: person(JONAS), assignee: owner(JONAS) });
  at(colleague, 49).say(
    person(JONAS),
    "Hi Hanna, could you send me the last four digits of the card?",
  );
  made.push(colleague);
  const done = simple(at, {
    id: "c_done",
    subject: "Waterproofing a jacket",
    customer: verified("Samuel Osei", "sam@example.com"),
    minutes: 180,
    lines: [
      "How do I waterproof my jacket again?",
      "Wash it at 30 °C, spray it while wet and tumble dry on low. [1]",
      "perfect thanks",
    ],
  });
  at(done, 178).move("resolve", { by: { kind: "ai_agent", display_name: "Baton" } });
  made.push(done);
  for (const conversation of made) {
    conversation.clock = () => new Date();
    register(conversation);
  }
}

/** One more customer for the queue, as if it had just been handed off. */
export function arrival(register) {
  const id = freshId("c");
  const c = new MockConversation({
    id,
    subject: "Change the delivery address",
    customer: verified("Elif Demir", "elif@example.com"),
    proof: SIGNED_IN,
  });
  register(c);
  const asked = c.say(
    { kind: "customer", id: c.customer.id, display_name: "Elif Demir" },
    "I typed the wrong house number, can somebody change it before it ships?",
  );
  handOff(c, "needs_approval", "Changing an address needs a person.", {
    words: "Needs a person's approval",
    fields: {
      wants: { text: asked.text, message_ids: [asked.id] },
      next_step: "Change the house number of order 10511 before 15:00.",
      mood: "worried",
    },
  });
  return c;
}
