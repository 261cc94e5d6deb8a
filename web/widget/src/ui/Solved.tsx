import type { Message } from "@baton/shared/types";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Chat } from "../chat.ts";
import { words } from "./Survey.tsx";

/** Whether the answer solved it: one press, while nothing was said since. */
export function Solved({ chat, message }: { chat: Chat; message: Message }): VNode | null {
  const [problem, setProblem] = useState("");
  const { conversation, messages, ratings } = chat.timeline;
  const asked = ratings.find((each) => each.scale === "solved" && each.score === null);
  const here = conversation?.status === "automated" && messages.at(-1)?.id === message.id;
  if (!asked || !here || chat.pending.length > 0) return null;
  const press = (score: number): void => {
    chat.rate(asked, score).catch((error) => setProblem(words(error)));
  };
  return (
    <fieldset class="offer" aria-label="Did that help?">
      <button type="button" class="button" data-testid="solved-yes" onClick={() => press(1)}>
        Yes, thanks
      </button>
      <button type="button" class="button" data-testid="solved-no" onClick={() => press(0)}>
        No
      </button>
      <p role="alert">{problem}</p>
    </fieldset>
  );
}
