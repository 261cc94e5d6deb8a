import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "../chat.ts";
import { SendIcon } from "./icons.tsx";

const LIMIT = 8_000;
const COUNTER_FROM = 7_500;
const TALLEST = 132;

export function Composer({ chat }: { chat: Chat }): VNode {
  const [text, show] = useState(chat.draft);
  const area = useRef<HTMLTextAreaElement>(null);
  const { conversation } = chat.timeline;
  // The server counts characters, not UTF-16 halves: an emoji is one.
  const length = text.length < COUNTER_FROM ? text.length : Array.from(text).length;
  const answeredByAi = !conversation || conversation.status === "automated";
  const ready = text.trim() !== "" && length <= LIMIT;

  useEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(TALLEST, element.scrollHeight)}px`;
  }, [text]);

  const setText = (typed: string): void => {
    chat.draft = typed;
    show(typed);
  };
  const send = (): void => {
    if (!ready) return;
    chat.send(text);
    setText("");
    area.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // Enter that ends an input-method composition picks a word; it does not send.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="composer-box">
        <textarea
          ref={area}
          rows={1}
          dir="auto"
          value={text}
          data-testid="composer"
          aria-label="Your message"
          aria-describedby="composer-hint"
          aria-invalid={length > LIMIT}
          placeholder={placeholder(conversation?.status, conversation?.assignee?.display_name)}
          onInput={(event) => {
            setText(event.currentTarget.value);
            chat.typing();
          }}
          onKeyDown={onKeyDown}
        />
        <button
          type="submit"
          class="send"
          data-testid="send"
          aria-label="Send message"
          disabled={!ready}
        >
          <SendIcon />
        </button>
      </div>
      <p id="composer-hint" class={length > LIMIT ? "hint hint-over" : "hint"}>
        {length >= COUNTER_FROM
          ? `${length.toLocaleString()} of ${LIMIT.toLocaleString()} characters`
          : answeredByAi && "AI can be wrong. Ask for a person at any time."}
      </p>
    </form>
  );
}

function placeholder(status: string | undefined, person: string | undefined): string {
  if (status === "assigned" && person) return `Message ${person}…`;
  return status === "queued" ? "Add anything that helps…" : "Ask a question…";
}
