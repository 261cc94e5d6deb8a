/** Teams, and what each person can do. */

import type { DeskRules } from "@baton/shared/desk";
import type { HumanAgentPresence } from "@baton/shared/types";
import type { VNode } from "preact";
import {
  NO_PERSON_RULES,
  newTeam,
  withItem,
  withMember,
  withoutItem,
  withPerson,
} from "../../state/setup/rules.ts";
import { change } from "../../stores/setup/rules.ts";
import { Check, ListField, NumberField, Section, TextField } from "./fields.tsx";
import { HoursFields } from "./hours.tsx";

interface Props {
  rules: DeskRules;
  people: readonly HumanAgentPresence[];
}

export function TeamsSection({ rules, people }: Props): VNode {
  const { teams } = rules;
  return (
    <Section title="Teams" lead="Routes send conversations to them.">
      <ul class="setup-list">
        {teams.map((team, i) => (
          <li key={i} class="setup-rule">
            <TextField
              label="Name"
              value={team.name}
              onChange={(name) => change({ teams: withItem(teams, i, { ...team, name }) })}
            />
            <fieldset class="setup-members">
              <legend>Who is in it</legend>
              {people.map((person) => (
                <Check
                  key={person.id}
                  label={person.display_name}
                  on={team.members.includes(person.id)}
                  onChange={(on) =>
                    change({ teams: withItem(teams, i, withMember(team, person.id, on)) })
                  }
                />
              ))}
            </fieldset>
            <HoursFields
              hours={team.hours}
              none="The desk's hours hold for this team"
              onChange={(hours) => change({ teams: withItem(teams, i, { ...team, hours }) })}
            />
            <button
              type="button"
              class="link"
              onClick={() => change({ teams: withoutItem(teams, i) })}
            >
              Remove {team.name || "this team"}
            </button>
          </li>
        ))}
      </ul>
      <button
        type="button"
        class="button"
        data-testid="add-team"
        onClick={() => change({ teams: [...teams, newTeam()] })}
      >
        Add a team
      </button>
    </Section>
  );
}

export function PeopleSection({ rules, people }: Props): VNode {
  return (
    <Section
      title="People"
      lead="How much each person takes at once, what they can do, and in which languages. Without languages a person answers in any."
    >
      <ul class="setup-list">
        {people.map(({ id, display_name }) => {
          const person = rules.people[id] ?? NO_PERSON_RULES;
          return (
            <li key={id} class="setup-rule">
              <strong>{display_name}</strong>
              <div class="setup-grid">
                <NumberField
                  label="Conversations at once"
                  value={person.capacity}
                  min={0}
                  empty={`as everybody: ${rules.capacity}`}
                  onChange={(capacity) => change(withPerson(rules, id, { ...person, capacity }))}
                />
                <ListField
                  label="Can do"
                  list={person.skills}
                  placeholder="refunds, repairs"
                  onChange={(skills) => change(withPerson(rules, id, { ...person, skills }))}
                />
                <ListField
                  label="Languages"
                  list={person.languages}
                  placeholder="English, German"
                  onChange={(languages) => change(withPerson(rules, id, { ...person, languages }))}
                />
              </div>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
