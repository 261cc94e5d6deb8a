import type { HumanAgentPresence, InboxView } from "@baton/shared/types";
import type { VNode } from "preact";
import { VIEWS } from "../state/inbox.ts";
import { at, KNOWLEDGE_PAGES, type KnowledgePage, pageOf } from "../state/knowledge/route.ts";
import { PAGE_WORDS } from "../state/knowledge/words.ts";
import { SETUP_PAGES, type SetupPage, setupPageIsFor } from "../state/route.ts";
import { refunds } from "../stores/actions.ts";
import { inbox } from "../stores/inbox.ts";
import { sync } from "../stores/knowledge/knowledge.ts";
import { railOpen, sheetOpen, toast } from "../stores/page.ts";
import { go, place } from "../stores/place.ts";
import { me, setAvailable, signOut, wordsOf } from "../stores/session.ts";
import { chime, sound, type Theme, theme } from "../stores/settings.ts";
import { SETUP_WORDS, VIEW_WORDS } from "../words.ts";
import { Avatar } from "./avatar.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { Link } from "./knowledge/link.tsx";
import { Mark } from "./mark.tsx";

export function Rail(): VNode {
  return (
    <nav class="rail" aria-label="Views and team">
      <div class="rail-top">
        <Mark />
      </div>
      <ul class="views">
        {VIEWS.map((view) => (
          <ViewLink key={view} view={view} />
        ))}
      </ul>
      <div class="rail-area">
        <h2 id="rail-knowledge">Knowledge</h2>
        <ul class="views" aria-labelledby="rail-knowledge">
          {KNOWLEDGE_PAGES.map((page) => (
            <KnowledgeLink key={page} page={page} />
          ))}
        </ul>
      </div>
      <div class="rail-area">
        <h2 id="rail-desk">Desk</h2>
        <ul class="views" aria-labelledby="rail-desk">
          {setupPages().map((page) => (
            <SetupLink key={page} page={page} />
          ))}
        </ul>
      </div>
      <EvalsLink />
      <ActionsLink />
      <Team />
      <div class="rail-foot">
        <Presence />
        <div class="rail-tools">
          <ThemeSwitch />
          <SoundSwitch />
          <button
            type="button"
            class="icon-button"
            aria-label="Keyboard shortcuts"
            title="Keyboard shortcuts (?)"
            onClick={() => {
              sheetOpen.value = true;
            }}
          >
            <Icon name="keys" />
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Sign out"
            title="Sign out"
            data-testid="sign-out"
            onClick={() => void signOut()}
          >
            <Icon name="leave" />
          </button>
        </div>
      </div>
    </nav>
  );
}

function ViewLink({ view }: { view: InboxView }): VNode {
  const count = inbox.value?.counts[view];
  const { knowledge, setup, actions, evals } = place.value;
  const active = place.value.view === view && !knowledge && !setup && !actions && !evals;
  const waiting = view === "queue" && Boolean(count);
  return (
    <li>
      <button
        type="button"
        class="view-link"
        data-testid={`view-${view}`}
        aria-current={active ? "page" : undefined}
        onClick={() => {
          railOpen.value = false;
          go({ view, conversation: null });
        }}
      >
        <Icon name={view} />
        <span>{VIEW_WORDS[view]}</span>
        {count !== undefined && <span class={waiting ? "count count-hot" : "count"}>{count}</span>}
      </button>
    </li>
  );
}

function KnowledgeLink({ page }: { page: KnowledgePage }): VNode {
  const { knowledge } = place.value;
  const close = (): void => {
    railOpen.value = false;
  };
  return (
    <li>
      <Link
        to={at(page)}
        class="view-link"
        testid={`knowledge-${page}`}
        current={knowledge !== null && pageOf(knowledge) === page}
        onGo={close}
      >
        <Icon name={page} />
        <span>{PAGE_WORDS[page].name}</span>
        {page === "sources" && sync.state.value?.running && (
          <span class="rail-syncing" role="img" aria-label="syncing" />
        )}
      </Link>
    </li>
  );
}

const setupPages = (): readonly SetupPage[] => {
  const role = me.value?.role;
  return SETUP_PAGES.filter((page) => role && setupPageIsFor(page, role));
};

function SetupLink({ page }: { page: SetupPage }): VNode {
  return (
    <li>
      <button
        type="button"
        class="view-link"
        data-testid={`setup-${page}`}
        aria-current={place.value.setup === page ? "page" : undefined}
        onClick={() => {
          railOpen.value = false;
          go({ conversation: null, setup: page });
        }}
      >
        <Icon name={page} />
        <span>{SETUP_WORDS[page].name}</span>
      </button>
    </li>
  );
}

function EvalsLink(): VNode | null {
  const role = me.value?.role;
  if (role !== "lead" && role !== "admin") return null;
  return (
    <div class="rail-area">
      <h2 id="rail-evals">Quality</h2>
      <ul class="views" aria-labelledby="rail-evals">
        <li>
          <button
            type="button"
            class="view-link"
            data-testid="view-evals"
            aria-current={place.value.evals ? "page" : undefined}
            onClick={() => {
              railOpen.value = false;
              go({ conversation: null, evals: { page: "runs" } });
            }}
          >
            <Icon name="evals" />
            <span>Evals</span>
          </button>
        </li>
      </ul>
    </div>
  );
}

function ActionsLink(): VNode | null {
  const state = refunds.value;
  if (state === null) return null;
  return (
    <div class="rail-area">
      <h2 id="rail-actions">Money</h2>
      <ul class="views" aria-labelledby="rail-actions">
        <li>
          <button
            type="button"
            class="view-link"
            data-testid="view-actions"
            aria-current={place.value.actions ? "page" : undefined}
            onClick={() => {
              railOpen.value = false;
              go({ conversation: null, actions: true });
            }}
          >
            <Icon name="check" />
            <span>Approvals</span>
            <span class={state.waiting > 0 ? "count count-hot" : "count"}>{state.waiting}</span>
          </button>
        </li>
      </ul>
    </div>
  );
}

function Team(): VNode | null {
  const people = inbox.value?.human_agents ?? [];
  if (people.length === 0) return null;
  const rank = (person: HumanAgentPresence): number =>
    person.online ? (person.available ? 0 : 1) : 2;
  const sorted = people.toSorted((a, b) => rank(a) - rank(b));
  return (
    <section class="team" aria-label="Team">
      <h2>Team</h2>
      <ul>
        {sorted.map((person) => (
          <li key={person.id} class={`person presence-${presenceOf(person)}`}>
            <Avatar id={person.id} name={person.display_name} small />
            <span class="person-name">
              {person.display_name}
              {person.id === me.value?.id && " (you)"}
            </span>
            <small class={presenceOf(person) === "available" ? "visually-hidden" : undefined}>
              {presenceOf(person)}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}

const presenceOf = (person: HumanAgentPresence): string => {
  if (!person.online) return "offline";
  return person.available ? "available" : "away";
};

function Presence(): VNode | null {
  const human = me.value;
  if (!human) return null;
  const flip = (): void => {
    setAvailable(!human.available).catch((refusal) => toast(wordsOf(refusal)));
  };
  return (
    <button
      type="button"
      class="presence-switch"
      role="switch"
      aria-checked={human.available}
      data-testid="presence"
      onClick={flip}
    >
      <Avatar id={human.id} name={human.display_name} />
      <span class="presence-words">
        <strong>{human.display_name}</strong>
        <small>{human.available ? "Available" : "Away: no new handoffs"}</small>
      </span>
      <span class="switch" aria-hidden="true" />
    </button>
  );
}

const THEMES: readonly { theme: Theme; icon: IconName; words: string }[] = [
  { theme: "auto", icon: "auto", words: "Theme: as the system" },
  { theme: "light", icon: "sun", words: "Theme: light" },
  { theme: "dark", icon: "moon", words: "Theme: dark" },
];

function ThemeSwitch(): VNode {
  const at = THEMES.findIndex((each) => each.theme === theme.value);
  const now = THEMES[at];
  const next = THEMES[(at + 1) % THEMES.length];
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={now?.words}
      title={`${now?.words}. Click for ${next?.theme}.`}
      data-testid="theme"
      onClick={() => {
        theme.value = next?.theme ?? "auto";
      }}
    >
      <Icon name={now?.icon ?? "auto"} />
    </button>
  );
}

function SoundSwitch(): VNode {
  const words = sound.value ? "Sound for new handoffs: on" : "Sound for new handoffs: off";
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={words}
      title={words}
      aria-pressed={sound.value}
      onClick={() => {
        sound.value = !sound.value;
        chime();
      }}
    >
      <Icon name={sound.value ? "bell" : "bellOff"} />
    </button>
  );
}
