import type { CodePromised, Message } from "@baton/shared/types";
import type { VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Refusal } from "../api.ts";
import type { Chat } from "../chat.ts";
import { focusConversation } from "./phone.ts";

interface Props {
  chat: Chat;
  message: Message;
}

/** Proves who the customer is by a code to the address on file, then asks the open question again. */
export function CodeForm({ chat, message }: Props): VNode | null {
  const [promised, setPromised] = useState<CodePromised | null>(null);
  const own = chat.timeline.messages.filter((each) => each.author.kind === "customer");
  const last = own.at(-1);
  if (!last || last.seq > message.seq || chat.pending.length > 0) return null;
  if (chat.timeline.conversation?.status !== "automated") return null;
  return promised ? (
    <EnterCode
      chat={chat}
      promised={promised}
      onRight={(form) => {
        chat.send(last.text);
        focusConversation(form);
      }}
      onNew={() => setPromised(null)}
    />
  ) : (
    <AskForCode chat={chat} question={last.text} onPromised={setPromised} />
  );
}

interface AskProps {
  chat: Chat;
  question: string;
  onPromised: (promised: CodePromised) => void;
}

function AskForCode({ chat, question, onPromised }: AskProps): VNode {
  const known = chat.customer.value !== null && chat.customer.value.assurance !== "anonymous";
  const [order, setOrder] = useState(orderIn(question));
  const [email, setEmail] = useState("");
  const { busy, problem, run } = useCall();
  const id = useId();
  const submit = (event: Event): void => {
    event.preventDefault();
    const given = known ? {} : { order_number: order.trim(), email: email.trim() };
    void run(async () => onPromised(await chat.askForCode(given)));
  };
  return (
    <form class="code-form" data-testid="ask-for-code" onSubmit={submit}>
      {!known && (
        <>
          <label for={`${id}-order`}>Order number</label>
          <input
            id={`${id}-order`}
            value={order}
            required
            maxLength={64}
            autocomplete="off"
            placeholder="NP-12345"
            onInput={(event) => setOrder(event.currentTarget.value)}
          />
          <label for={`${id}-email`}>E-mail address you ordered with</label>
          <input
            id={`${id}-email`}
            type="email"
            value={email}
            required
            maxLength={320}
            autocomplete="email"
            onInput={(event) => setEmail(event.currentTarget.value)}
          />
        </>
      )}
      <button type="submit" class="button button-primary" disabled={busy}>
        {busy ? "Sending…" : "Send me a code"}
      </button>
      <Problem text={problem} />
    </form>
  );
}

interface EnterProps {
  chat: Chat;
  promised: CodePromised;
  onRight: (form: HTMLElement) => void;
  onNew: () => void;
}

function EnterCode({ chat, promised, onRight, onNew }: EnterProps): VNode {
  const [code, setCode] = useState("");
  const [over, setOver] = useState(false);
  const { busy, problem, run } = useCall();
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => input.current?.focus(), []);

  const submit = (event: Event): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLElement;
    void run(async () => {
      try {
        await chat.enterCode(code);
      } catch (error) {
        if (error instanceof Refusal && error.status === 410) setOver(true);
        setCode("");
        input.current?.focus();
        throw error;
      }
      onRight(form);
    });
  };
  return (
    <form class="code-form" data-testid="enter-code" onSubmit={submit}>
      <p class="quiet" role="status">
        {promised.sent_to
          ? `We sent a code to ${promised.sent_to}. It works for 10 minutes.`
          : "If the two belong together, a code is on its way to that address. It works for 10 minutes."}
      </p>
      {!over && (
        <>
          <label for={`${id}-code`}>Code from the e-mail</label>
          <input
            ref={input}
            id={`${id}-code`}
            class="code-input"
            value={code}
            required
            inputMode="numeric"
            autocomplete="one-time-code"
            maxLength={9}
            aria-describedby={`${id}-problem`}
            aria-invalid={problem !== ""}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
          <button
            type="submit"
            class="button button-primary"
            disabled={busy || code.replace(/\D/g, "").length < 6}
          >
            {busy ? "Checking…" : "Confirm"}
          </button>
        </>
      )}
      <Problem id={`${id}-problem`} text={problem} />
      <button type="button" class="text-button" data-testid="new-code" onClick={onNew}>
        {over ? "Get a new code" : "No e-mail? Check the address or get a new code"}
      </button>
    </form>
  );
}

function Problem({ id, text }: { id?: string; text: string }): VNode {
  return (
    <p id={id} class="code-problem" role="alert">
      {text}
    </p>
  );
}

function useCall(): {
  busy: boolean;
  problem: string;
  run: (call: () => Promise<void>) => Promise<void>;
} {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const run = async (call: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setProblem("");
    try {
      await call();
    } catch (error) {
      setProblem(
        error instanceof Refusal ? error.detail : "There is no connection. Please try again.",
      );
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, run };
}

/** The order number that the question names, so that it need not be typed twice. */
function orderIn(question: string): string {
  return /\b[A-Za-z]{1,4}-?\d{4,}\b/.exec(question)?.[0].toUpperCase() ?? "";
}
