import { RichText } from "@baton/shared/richText";
import { clockTime } from "@baton/shared/time";
import type { Block, Citation, Message } from "@baton/shared/types";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Chat } from "../chat.ts";
import { choicesIn } from "../choices.ts";
import type { OutboxEntry } from "../outbox.ts";
import { Avatar } from "./Avatar.tsx";
import { CodeForm } from "./CodeForm.tsx";
import { PageIcon, SparkIcon } from "./icons.tsx";
import { focusConversation } from "./phone.ts";
import { Solved } from "./Solved.tsx";

export function MessageView({ chat, message }: { chat: Chat; message: Message }): VNode {
  switch (message.author.kind) {
    case "customer":
      return <CustomerMessage message={message} />;
    case "system":
      return <SystemMessage message={message} />;
    default:
      return <Reply chat={chat} message={message} />;
  }
}

function CustomerMessage({ message }: { message: Message }): VNode {
  return (
    <article
      class="message mine"
      data-testid="message"
      data-author="customer"
      data-client-id={message.client_message_id ?? ""}
      data-state="sent"
      aria-label="You"
    >
      {/* As typed: the customer's own words never change their look when the server has them. */}
      <p class="bubble" dir="auto">
        {message.text}
      </p>
      <p class="meta">
        <time dateTime={message.created_at}>{clockTime(message.created_at)}</time>
      </p>
    </article>
  );
}

/** On its way, waiting for the line, or refused. Same shape and test hooks as the stored message. */
export function PendingView({ chat, entry }: { chat: Chat; entry: OutboxEntry }): VNode {
  return (
    <article
      class={`message mine is-${entry.state}`}
      data-testid="message"
      data-author="customer"
      data-client-id={entry.id}
      data-state={entry.state}
      aria-label="You"
    >
      <p class="bubble" dir="auto">
        {entry.text}
      </p>
      {entry.state === "failed" ? (
        <p class="meta meta-failed" role="alert">
          <span>Not sent. {entry.detail}</span>
          <button type="button" class="text-button" onClick={() => chat.retry(entry)}>
            Retry
          </button>
          <button type="button" class="text-button" onClick={() => chat.discard(entry)}>
            Delete
          </button>
        </p>
      ) : (
        <p class="meta">{entry.state === "waiting" ? "Waiting for the connection…" : "Sending…"}</p>
      )}
    </article>
  );
}

function SystemMessage({ message }: { message: Message }): VNode {
  return (
    <div class="message system rich" data-testid="message" data-author="system">
      <RichText body={message.body} />
    </div>
  );
}

function Reply({ chat, message }: { chat: Chat; message: Message }): VNode {
  const human = message.author.kind === "human_agent";
  const open = (citation: Citation) => void chat.reader.open(citation);
  return (
    <article
      class={human ? "message reply human" : "message reply ai"}
      data-testid="message"
      data-author={message.author.kind}
      data-client-id={message.client_message_id ?? ""}
      data-message-id={message.id}
      data-state={message.state}
      aria-busy={message.state === "writing"}
    >
      <p class="meta">
        {human ? <HumanLabel name={message.author.display_name} /> : <AiLabel />}
        <time dateTime={message.created_at}>{clockTime(message.created_at)}</time>
      </p>
      <div class="content rich" dir="auto">
        <RichText body={shown(chat, message)} citations={message.citations} onCite={open} />
      </div>
      {message.state === "interrupted" && (
        <p class="interrupted" data-testid="interrupted">
          This answer was not finished.
        </p>
      )}
      {message.citations.length > 0 && <Sources citations={message.citations} onOpen={open} />}
      {message.request === "sign_in" && <SignIn chat={chat} message={message} />}
      {message.request === "offer_person" && <PersonOffer chat={chat} message={message} />}
      {message.request === "choose" && <Choices chat={chat} message={message} />}
      {message.request === "choose_topic" && <Choices chat={chat} message={message} orPerson />}
      {message.request === "solved" && <Solved chat={chat} message={message} />}
      {message.request === "verify" && <CodeForm chat={chat} message={message} />}
    </article>
  );
}

function AiLabel(): VNode {
  return (
    <span class="label" data-testid="ai-label">
      <SparkIcon /> AI agent
    </span>
  );
}

function HumanLabel({ name }: { name: string | null }): VNode {
  const shown = name ?? "Our team";
  return (
    <span class="label label-human">
      <Avatar name={shown} small /> {shown}
    </span>
  );
}

interface SourcesProps {
  citations: readonly Citation[];
  onOpen: (citation: Citation) => void;
}

function Sources({ citations, onOpen }: SourcesProps): VNode {
  return (
    <ul class="sources" aria-label="Sources">
      {citations.map((citation) => (
        <li key={citation.marker}>
          <button
            type="button"
            class="source"
            data-testid="source"
            onClick={() => onOpen(citation)}
          >
            <span class="source-number">{citation.marker}</span>
            <PageIcon />
            <span class="source-title">{sourceName(citation, citations)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Two passages of one article need their headings to be told apart. */
function sourceName({ title, heading, article_id }: Citation, all: readonly Citation[]): string {
  const alone = all.filter((each) => each.article_id === article_id).length === 1;
  return alone || heading === "" || heading === title ? title : `${heading} · ${title}`;
}

function SignIn({ chat, message }: { chat: Chat; message: Message }): VNode | null {
  const [byCode, chooseCode] = useState(false);
  if (chat.customer.value?.verified) return <AskAgain chat={chat} message={message} />;
  if (byCode) return <CodeForm chat={chat} message={message} />;
  return (
    <div class="choices">
      <button
        type="button"
        class="button button-primary"
        data-testid="sign-in-button"
        onClick={() => chat.events.emit("sign-in", undefined)}
      >
        Sign in
      </button>
      {chat.company.config.value.codes && (
        <button
          type="button"
          class="button"
          data-testid="code-instead"
          onClick={() => chooseCode(true)}
        >
          Get a code by e-mail
        </button>
      )}
    </div>
  );
}

/** A person is one press away, until the customer moves on; a "no" is said in the conversation, so it is remembered. */
function PersonOffer({ chat, message }: { chat: Chat; message: Message }): VNode | null {
  const replies = [
    { label: "Yes, a person please", id: "offer-yes", press: () => chat.requestHuman() },
    { label: "No, thanks", id: "offer-no", press: () => chat.send("No, thanks") },
  ];
  return <QuickReplies chat={chat} message={message} replies={replies} name="A person" />;
}

interface ChoicesProps {
  chat: Chat;
  message: Message;
  /** Whether the reply offers a person besides. */
  orPerson?: boolean;
}

/** What the reply lists, one press each; typing the name or "the second one" does the same. */
function Choices({ chat, message, orPerson = false }: ChoicesProps): VNode | null {
  const replies: QuickReply[] = choicesIn(message.body).map((label) => ({
    label,
    id: "choice",
    press: () => chat.send(label),
  }));
  if (orPerson) {
    replies.push({
      label: "A person, please",
      id: "choose-person",
      press: () => chat.requestHuman(),
    });
  }
  return <QuickReplies chat={chat} message={message} replies={replies} name="Choices" />;
}

/** Whether the message is the last one and the AI agent's: its buttons are there to be pressed. */
function waitsForPress(chat: Chat, message: Message): boolean {
  const last = chat.timeline.messages.at(-1);
  const withAi = chat.timeline.conversation?.status === "automated";
  return withAi && last?.id === message.id && chat.pending.length === 0;
}

/** Titles to choose from are said once: as buttons while they can be pressed, as a list afterwards. */
function shown(chat: Chat, message: Message): readonly Block[] {
  const asButtons = message.request === "choose_topic" && waitsForPress(chat, message);
  return asButtons ? message.body.filter((block) => block.t !== "ul") : message.body;
}

export interface QuickReply {
  label: string;
  id: string;
  press: () => void;
}

interface QuickRepliesProps {
  chat: Chat;
  message: Message;
  replies: readonly QuickReply[];
  /** What the group is to a screen reader. */
  name: string;
}

/** Answers to the last message as buttons, while the AI agent is asked and the customer has not moved on. */
export function QuickReplies({ chat, message, replies, name }: QuickRepliesProps): VNode | null {
  if (!waitsForPress(chat, message)) return null;
  return (
    <fieldset class="offer" aria-label={name}>
      {replies.map(({ label, id, press }) => (
        <button
          key={label}
          type="button"
          class={id === "offer-yes" ? "button button-primary" : "button"}
          data-testid={id}
          onClick={(event) => {
            press();
            focusConversation(event.currentTarget);
          }}
        >
          {label}
        </button>
      ))}
    </fieldset>
  );
}

/** Signed in now: the question that needed it is one press away, until the customer moves on. */
function AskAgain({ chat, message }: { chat: Chat; message: Message }): VNode | null {
  const own = chat.timeline.messages.filter((each) => each.author.kind === "customer");
  const last = own.at(-1);
  const withAi = chat.timeline.conversation?.status === "automated";
  if (!withAi || !last || last.seq > message.seq || chat.pending.length > 0) return null;
  return (
    <button
      type="button"
      class="button"
      data-testid="ask-again"
      onClick={(event) => {
        chat.send(last.text);
        focusConversation(event.currentTarget);
      }}
    >
      Ask again
    </button>
  );
}
