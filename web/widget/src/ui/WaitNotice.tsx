import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Chat } from "../chat.ts";
import { offersElse, waitWords } from "../waiting.ts";

/** Waiting, honestly: the place, the time it takes, and what to do instead of waiting here. */
export function WaitNotice({ chat }: { chat: Chat }): VNode | null {
  const { wait, problem } = chat.waiting;
  const now = wait.value;
  const [asking, setAsking] = useState(false);
  const [email, setEmail] = useState<string | null>(null);
  if (!now) return null;
  const offers = offersElse(now);
  return (
    <div class="wait" data-testid="wait">
      <p>{waitWords(now)}</p>
      {now.reply_by_email && <p>The answer also comes by e-mail to {now.reply_by_email}.</p>}
      <p role="alert">{problem.value}</p>
      {offers && (
        <p class="wait-offers">
          {now.can_email && !now.reply_by_email && !asking && (
            <button type="button" class="text-button" onClick={() => setAsking(true)}>
              Answer me by e-mail
            </button>
          )}
          {!now.ai_meanwhile && (
            <button
              type="button"
              class="text-button"
              data-testid="ask-meanwhile"
              onClick={() => void chat.waiting.askMeanwhile()}
            >
              Ask {chat.company.config.value.ai_name} meanwhile
            </button>
          )}
        </p>
      )}
      {asking && !now.reply_by_email && (
        <form
          class="wait-email"
          onSubmit={(event) => {
            event.preventDefault();
            void chat.waiting.answerByEmail(email ?? now.email ?? "");
          }}
        >
          <label>
            E-mail address
            <input
              type="email"
              required
              autocomplete="email"
              value={email ?? now.email ?? ""}
              onInput={(event) => setEmail(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="text-button">
            Send it there
          </button>
        </form>
      )}
    </div>
  );
}
