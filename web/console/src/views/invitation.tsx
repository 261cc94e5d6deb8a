import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { teamApi, wordsOf } from "../stores/session.ts";
import { Problem } from "./knowledge/parts.tsx";

const HASH = /^#invitation=([\w-]+)$/;

/** The token of an invitation in the address, behind the # that no server sees. */
export const invitationToken = (): string | null => HASH.exec(location.hash)?.[1] ?? null;

/** Whoever was invited chooses a name and a password, and then signs in. */
export function InvitationForm({ token }: { token: string }): VNode {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const accept = async (event: Event): Promise<void> => {
    event.preventDefault();
    setProblem(null);
    try {
      await teamApi.accept(token, name, password);
      location.replace("/console/");
    } catch (refusal) {
      setProblem(wordsOf(refusal));
    }
  };
  return (
    <main class="splash">
      <h1>Welcome to the team</h1>
      <form class="form" onSubmit={(event) => void accept(event)}>
        <label class="field">
          <span>Your name, as customers see it</span>
          <input
            class="input"
            required
            maxLength={100}
            autocomplete="name"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>A password of at least ten characters</span>
          <input
            class="input"
            type="password"
            required
            minLength={10}
            autocomplete="new-password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        <Problem words={problem} />
        <button type="submit" class="button button-primary button-wide">
          Make my account
        </button>
      </form>
    </main>
  );
}
