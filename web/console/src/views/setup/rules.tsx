import type { DeskRules, Outcome, Simulation } from "@baton/shared/desk";
import type { HumanAgentPresence } from "@baton/shared/types";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { verdict, waitWords } from "../../state/setup/rules.ts";
import {
  busy,
  change,
  draft,
  findings,
  opened,
  problem,
  save,
  simulation,
  tryOut,
} from "../../stores/setup/rules.ts";
import { Problem, Ready } from "../knowledge/parts.tsx";
import { SetupHead } from "./area.tsx";
import { HeadStartsSection, RoutesSection } from "./conditions.tsx";
import { Check, Choice, NumberField, Section } from "./fields.tsx";
import { HoursFields } from "./hours.tsx";
import { PeopleSection, TeamsSection } from "./people.tsx";
import { TargetsSection } from "./targets.tsx";

export function RulesPage(): VNode {
  useEffect(() => void opened.load(), []);
  const rules = draft.value;
  const changed = rules !== null && rules !== opened.peek()?.saved.rules;
  const blocked = findings.value.some((finding) => finding.blocks);
  return (
    <>
      <SetupHead
        page="rules"
        actions={
          <>
            <button
              type="button"
              class="button"
              disabled={busy.value}
              onClick={() => void tryOut()}
            >
              Try on last week
            </button>
            <button
              type="button"
              class="button button-primary"
              data-testid="save-rules"
              disabled={busy.value || blocked || !changed}
              onClick={() => void save()}
            >
              Save
            </button>
          </>
        }
      />
      <div class="page-body">
        <Problem words={problem.value} />
        <Findings />
        {simulation.value && (
          <Tried tried={simulation.value} people={opened.peek()?.people ?? []} />
        )}
        <Ready load={opened.state.value} what="the rules" onRetry={() => void opened.load()}>
          {({ people }) => rules && <Form rules={rules} people={people} />}
        </Ready>
      </div>
    </>
  );
}

function Findings(): VNode | null {
  if (findings.value.length === 0) return null;
  return (
    <ul class="setup-findings" role="status" data-testid="findings">
      {findings.value.map((finding) => (
        <li key={`${finding.where}${finding.words}`} class={finding.blocks ? "blocks" : undefined}>
          <strong>{finding.where}</strong> {finding.words}
        </li>
      ))}
    </ul>
  );
}

interface FormProps {
  rules: DeskRules;
  people: HumanAgentPresence[];
}

function Form({ rules, people }: FormProps): VNode {
  return (
    <>
      <Sharing rules={rules} />
      <Section title="Hours" lead="Wait times and deadlines count only while the team is there.">
        <HoursFields
          hours={rules.hours}
          none="Somebody is there around the clock"
          onChange={(hours) => change({ hours })}
        />
      </Section>
      <TeamsSection rules={rules} people={people} />
      <RoutesSection rules={rules} />
      <HeadStartsSection rules={rules} />
      <TargetsSection rules={rules} />
      <PeopleSection rules={rules} people={people} />
      <Afterwards rules={rules} />
    </>
  );
}

/** The rules that are one number each: what it means, the least it may be, and what an empty field means, if it may. */
const SHARING: readonly NumberRule[] = [
  { rule: "capacity", label: "Conversations at once", min: 1 },
  {
    rule: "fair_limit",
    label: "At most so many more per hour than a colleague",
    min: 1,
    empty: "no limit",
  },
  { rule: "sticky_days", label: "Who helped within so many days comes first", min: 0 },
  {
    rule: "widen_after_minutes",
    label: "After so many minutes anybody will do",
    min: 0,
    empty: "never",
  },
  {
    rule: "idle_minutes",
    label: "Away after so many minutes without a sign of life",
    min: 1,
  },
  {
    rule: "take_back_minutes",
    label: "Taken back from somebody who is gone after minutes",
    min: 1,
    empty: "never",
  },
];

const AFTERWARDS: readonly NumberRule[] = [
  {
    rule: "ask_solved_minutes",
    label: "Ask whether the AI agent's answer solved it after so many quiet minutes",
    min: 1,
    empty: "never",
  },
  {
    rule: "survey_mail_minutes",
    label: "Ask by e-mail after so many minutes without an answer",
    min: 1,
    empty: "never",
  },
];

interface NumberRule {
  rule: keyof Pick<
    DeskRules,
    | "capacity"
    | "fair_limit"
    | "sticky_days"
    | "widen_after_minutes"
    | "idle_minutes"
    | "take_back_minutes"
    | "ask_solved_minutes"
    | "survey_mail_minutes"
  >;
  label: string;
  min: number;
  empty?: string;
}

function NumberRules(props: { rules: DeskRules; list: readonly NumberRule[] }): VNode {
  return (
    <>
      {props.list.map(({ rule, label, min, empty }) => (
        <NumberField
          key={rule}
          label={label}
          value={props.rules[rule]}
          min={min}
          empty={empty}
          onChange={(value) => change({ [rule]: value })}
        />
      ))}
    </>
  );
}

function Sharing({ rules }: { rules: DeskRules }): VNode {
  return (
    <Section title="Giving conversations out">
      <Check
        label="Give conversations to people as soon as they have room; otherwise everybody sees the queue and claims"
        on={rules.automatic}
        testid="automatic"
        onChange={(automatic) => change({ automatic })}
      />
      <Check
        label="Only to people who speak the customer's language"
        on={rules.match_language}
        onChange={(match_language) => change({ match_language })}
      />
      <div class="setup-grid">
        <Choice
          label="Shared by"
          value={rules.share}
          of={SHARES}
          onChange={(share) => change({ share })}
        />
        <NumberRules rules={rules} list={SHARING} />
      </div>
    </Section>
  );
}

const SHARES = {
  least_busy: "Who has the most room",
  round_robin: "Taking turns",
} as const;

const SURVEYS = {
  csat: "How was the help? (1 to 5)",
  ces: "How easy was it? (1 to 7)",
  nps: "Would you recommend us? (0 to 10)",
  off: "Nothing",
} as const;

function Afterwards({ rules }: { rules: DeskRules }): VNode {
  return (
    <Section
      title="After the conversation"
      lead="Each is asked once. Customers answer on the page, or from the e-mail when they have left."
    >
      <div class="setup-grid">
        <Choice
          label="When a person has resolved it, ask"
          value={rules.survey}
          of={SURVEYS}
          onChange={(survey) => change({ survey })}
        />
        <NumberRules rules={rules} list={AFTERWARDS} />
      </div>
    </Section>
  );
}

interface TriedProps {
  tried: Simulation;
  people: readonly HumanAgentPresence[];
}

function Tried({ tried, people }: TriedProps): VNode {
  const { recorded, now, proposed } = tried;
  const name = (id: string): string =>
    people.find((person) => person.id === id)?.display_name ?? "somebody";
  const shares = (counts: Record<string, number>, of: (key: string) => string): string =>
    Object.entries(counts)
      .map(([key, count]) => `${of(key)} ${count}`)
      .join(", ") || "–";
  const row = (label: string, of: (outcome: Outcome) => string): VNode => (
    <tr>
      <th scope="row">{label}</th>
      <td>{of(recorded)}</td>
      <td>{of(now)}</td>
      <td>{of(proposed)}</td>
    </tr>
  );
  return (
    <section class="card setup-section" aria-live="polite" data-testid="simulation">
      <h2>
        The {recorded.handoffs} handoffs of the last {tried.days} days
      </h2>
      <p>{verdict(now, proposed)}</p>
      <div class="setup-scroll">
        <table class="setup-table">
          <thead>
            <tr>
              <td />
              <th scope="col">As it was</th>
              <th scope="col">With the rules of now</th>
              <th scope="col">With these rules</th>
            </tr>
          </thead>
          <tbody>
            {row("Typical wait", (outcome) => waitWords(outcome.median_wait_s))}
            {row("Nine in ten within", (outcome) => waitWords(outcome.p90_wait_s))}
            {row("Left without a person", (outcome) => String(outcome.left))}
            {row("Went outside their team", (outcome) => String(outcome.anybody))}
            {row("By team", (outcome) => shares(outcome.by_team, (key) => key))}
            {row("By person", (outcome) => shares(outcome.by_person, name))}
          </tbody>
        </table>
      </div>
      <p class="quiet">
        Both columns on the right suppose that conversations are given out at once, that people were
        there from the first conversation they took each day to the last they finished, and that
        each conversation took as long as it really did.
      </p>
    </section>
  );
}
