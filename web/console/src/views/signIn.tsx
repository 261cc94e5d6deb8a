import type { DemoAccount } from "@baton/shared/types";
import type { TargetedSubmitEvent, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, signIn } from "../stores/session.ts";
import { Avatar } from "./avatar.tsx";
import { Mark } from "./mark.tsx";

/** Plain words for what is missing before the service is asked at all. */
function missing(email: string, password: string): string | null {
  if (!email.trim()) return "Please enter your e-mail address.";
  if (!/^\S+@\S+$/.test(email.trim())) return "That does not look like an e-mail address.";
  return password ? null : "Please enter your password.";
}

export function SignIn({ words }: { words: string | null }): VNode {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState(words);
  const [busy, setBusy] = useState(false);
  const submitButton = useRef<HTMLButtonElement>(null);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const gap = missing(email, password);
    setProblem(gap);
    if (gap || busy) return;
    setBusy(true);
    setProblem(await signIn(email.trim(), password));
    setBusy(false);
  };
  const prefill = (account: DemoAccount): void => {
    setEmail(account.email);
    setPassword(account.password);
    setProblem(null);
    submitButton.current?.focus();
  };

  return (
    <main class="sign-in">
      <form class="sign-in-card" onSubmit={(event) => void submit(event)} noValidate>
        <Mark />
        <h1>Sign in to your desk</h1>
        <p class="sign-in-lead">Where the AI agent hands over to you, with the whole story.</p>
        <div class="sign-in-problem" role="alert">
          {problem && <p class="problem-line">{problem}</p>}
        </div>
        <label class="field">
          <span>E-mail</span>
          <input
            type="email"
            name="email"
            autocomplete="username"
            data-testid="sign-in-email"
            value={email}
            onInput={(event) => setEmail(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Password</span>
          <input
            type="password"
            name="password"
            autocomplete="current-password"
            data-testid="sign-in-password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        <button
          ref={submitButton}
          type="submit"
          class="button button-primary button-wide"
          data-testid="sign-in-submit"
          disabled={busy}
        >
          {busy ? "Signing in…" : "Sign in"}
        </button>
        <DemoAccounts onPick={prefill} />
      </form>
    </main>
  );
}

function DemoAccounts({ onPick }: { onPick: (account: DemoAccount) => void }): VNode | null {
  const [accounts, setAccounts] = useState<DemoAccount[]>([]);
  useEffect(() => {
    void api.demoAccounts().then(setAccounts);
  }, []);
  if (accounts.length === 0) return null;
  return (
    <section class="demo-accounts" aria-label="Demo accounts">
      <p>This is a demo. Sit at the desk of:</p>
      <ul>
        {accounts.map((account) => (
          <li key={account.email}>
            <button
              type="button"
              class="demo-account"
              data-testid="demo-account"
              data-email={account.email}
              onClick={() => onPick(account)}
            >
              <Avatar id={account.email} name={account.display_name} small />
              <span>
                <strong>{account.display_name}</strong>
                <small>{account.email}</small>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
