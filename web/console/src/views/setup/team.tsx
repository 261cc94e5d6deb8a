import type { Colleague, Role, SignInSession, TeamList } from "@baton/shared/team";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Loaded } from "../../stores/loaded.ts";
import { toast } from "../../stores/page.ts";
import { me, teamApi, wordsOf } from "../../stores/session.ts";
import { ROLE_WORDS } from "../../words.ts";
import { Confirm } from "../knowledge/confirm.tsx";
import { Problem, Ready, When } from "../knowledge/parts.tsx";
import { SetupHead } from "./area.tsx";
import { Section, TextField } from "./fields.tsx";

const team = new Loaded<TeamList>(() => teamApi.team());
const sessions = new Loaded<SignInSession[]>(() => teamApi.mySessions());

export function TeamPage(): VNode {
  const [problem, setProblem] = useState<string | null>(null);
  const isAdmin = me.value?.role === "admin";
  useEffect(() => {
    if (isAdmin) void team.load();
    void sessions.load();
  }, [isAdmin]);
  const working = async (work: () => Promise<unknown>): Promise<void> => {
    setProblem(null);
    try {
      await work();
      await Promise.all([isAdmin ? team.load() : null, sessions.load()]);
    } catch (refusal) {
      setProblem(wordsOf(refusal));
    }
  };
  return (
    <>
      <SetupHead page="team" />
      <div class="page-body">
        <Problem words={problem} />
        {isAdmin && (
          <>
            <InviteForm working={working} />
            <Ready load={team.state.value} what="the team" onRetry={() => void team.load()}>
              {(list) => <Accounts list={list} working={working} />}
            </Ready>
          </>
        )}
        <Ready
          load={sessions.state.value}
          what="your sessions"
          onRetry={() => void sessions.load()}
        >
          {(list) => <MySessions list={list} working={working} />}
        </Ready>
      </div>
    </>
  );
}

interface Working {
  working: (work: () => Promise<unknown>) => Promise<void>;
}

function RoleSelect(props: { label: string; role: Role; onChange: (role: Role) => void }): VNode {
  return (
    <label class="field">
      <span>{props.label}</span>
      <select
        class="input"
        value={props.role}
        onChange={(event) => props.onChange(event.currentTarget.value as Role)}
      >
        {Object.entries(ROLE_WORDS).map(([role, words]) => (
          <option key={role} value={role}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

function InviteForm({ working }: Working): VNode {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("human_agent");
  const [address, setAddress] = useState<string | null>(null);
  const invite = async (event: Event): Promise<void> => {
    event.preventDefault();
    await working(async () => {
      const path = await teamApi.invite(email, role);
      setAddress(new URL(path, location.origin).href);
      setEmail("");
    });
  };
  return (
    <Section
      title="Invite somebody"
      lead="The link works once, for a week. Whoever opens it chooses a name and a password."
    >
      <form class="setup-grid" onSubmit={(event) => void invite(event)}>
        <TextField label="E-mail address" value={email} onChange={setEmail} />
        <RoleSelect label="May" role={role} onChange={setRole} />
        <button type="submit" class="button button-primary" data-testid="invite">
          Make a link
        </button>
      </form>
      {address && (
        <p role="status">
          Pass this on yourself; it is shown only now: <code class="setup-link">{address}</code>
        </p>
      )}
    </Section>
  );
}

function Accounts({ list, working }: Working & { list: TeamList }): VNode {
  return (
    <Section title="Accounts">
      <ul class="setup-list">
        {list.human_agents.map((person) => (
          <Account key={person.id} person={person} working={working} />
        ))}
        {list.invitations.map((invitation) => (
          <li key={invitation.id} class="setup-rule">
            <strong>{invitation.email}</strong>
            <p class="quiet">
              Invited as {ROLE_WORDS[invitation.role]}, until <When at={invitation.expires_at} />
            </p>
            <button
              type="button"
              class="link"
              onClick={() => void working(() => teamApi.takeBack(invitation.id))}
            >
              Take the invitation back
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Account({ person, working }: Working & { person: Colleague }): VNode {
  const remove = async (): Promise<void> => {
    const count = await teamApi.remove(person.id);
    toast(`${person.display_name} has left. Back in the queue: ${count}.`);
  };
  return (
    <li class="setup-rule" data-testid="account">
      <strong>
        {person.display_name} <span class="quiet">{person.email}</span>
      </strong>
      <RoleSelect
        label="May"
        role={person.role}
        onChange={(role) => void working(() => teamApi.setRole(person.id, role))}
      />
      <button
        type="button"
        class="link"
        onClick={() => void working(() => teamApi.endSessions(person.id))}
      >
        Sign {person.display_name} out everywhere
      </button>
      {person.id !== me.value?.id && (
        <Confirm
          label={`Remove ${person.display_name}`}
          question="End this account at once? Open conversations go back to the queue, to their old places."
          verb="Remove"
          testid="remove-account"
          onConfirm={() => working(remove)}
        />
      )}
    </li>
  );
}

function MySessions({ list, working }: Working & { list: SignInSession[] }): VNode {
  return (
    <Section title="Where you are signed in">
      <ul class="setup-list">
        {list.map((session) => (
          <li key={session.id} class="setup-rule">
            <span>{session.device || "An unknown browser"}</span>
            {session.created_at && (
              <p class="quiet">
                Since <When at={session.created_at} />
              </p>
            )}
            <button
              type="button"
              class="link"
              onClick={() => void working(() => teamApi.endMySession(session.id))}
            >
              Sign out there
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}
