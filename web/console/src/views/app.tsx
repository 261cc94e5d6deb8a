import type { VNode } from "preact";
import { resumeSession, session } from "../stores/session.ts";
import { Desk } from "./desk.tsx";
import { InvitationForm, invitationToken } from "./invitation.tsx";
import { SignIn } from "./signIn.tsx";

export function App(): VNode {
  const state = session.value;
  switch (state.kind) {
    case "loading":
      return <div class="splash" role="status" aria-label="Loading the console" />;
    case "unreachable":
      return (
        <main class="splash">
          <h1>Baton</h1>
          <p>{state.words}</p>
          <button type="button" class="button button-primary" onClick={() => void resumeSession()}>
            Try again
          </button>
        </main>
      );
    case "signed_out": {
      const token = invitationToken();
      if (token) return <InvitationForm token={token} />;
      return <SignIn words={state.words} />;
    }
    default:
      return <Desk />;
  }
}
