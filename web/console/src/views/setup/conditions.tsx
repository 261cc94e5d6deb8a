/** Routes and head starts: a condition, and what follows from it. */

import type { DeskRules, When } from "@baton/shared/desk";
import type { ComponentChildren, VNode } from "preact";
import { moved, newHeadStart, newRoute, withItem, withoutItem } from "../../state/setup/rules.ts";
import { change } from "../../stores/setup/rules.ts";
import { ListField, NumberField, Section, TextField } from "./fields.tsx";

export function WhenFields({
  when,
  onChange,
}: {
  when: When;
  onChange: (when: When) => void;
}): VNode {
  const field = (key: keyof When, label: string, placeholder: string): VNode => (
    <ListField
      label={label}
      list={when[key]}
      placeholder={placeholder}
      onChange={(list) => onChange({ ...when, [key]: list })}
    />
  );
  return (
    <div class="setup-grid">
      {field("words", "Customer's words", "any")}
      {field("segments", "Customer groups", "any")}
      {field("reasons", "Reason codes", "any, e.g. customer_asked")}
      {field("languages", "Languages", "any")}
      {field("moods", "Moods", "any, e.g. frustrated")}
    </div>
  );
}

function Rule(props: { children: ComponentChildren; onRemove: () => void; name: string }): VNode {
  return (
    <li class="setup-rule">
      {props.children}
      <button type="button" class="link" onClick={props.onRemove}>
        Remove {props.name || "this"}
      </button>
    </li>
  );
}

export function RoutesSection({ rules }: { rules: DeskRules }): VNode {
  const { routes } = rules;
  return (
    <Section
      title="Routes"
      lead="The first route that fits sends a conversation to its team. An empty field means any; what no route fits is everybody's."
    >
      <ol class="setup-list">
        {routes.map((route, i) => (
          <Rule
            key={i}
            name={route.name}
            onRemove={() => change({ routes: withoutItem(routes, i) })}
          >
            <div class="setup-grid">
              <TextField
                label="Name"
                value={route.name}
                onChange={(name) => change({ routes: withItem(routes, i, { ...route, name }) })}
              />
              <label class="field">
                <span>Goes to</span>
                <select
                  class="input"
                  value={route.team ?? ""}
                  onChange={(event) => {
                    const team = event.currentTarget.value || null;
                    change({ routes: withItem(routes, i, { ...route, team }) });
                  }}
                >
                  <option value="">Everybody</option>
                  {rules.teams.map((team) => (
                    <option key={team.name} value={team.name}>
                      {team.name}
                    </option>
                  ))}
                </select>
              </label>
              <ListField
                label="Takes somebody who can"
                list={route.skills}
                placeholder="anything"
                onChange={(skills) => change({ routes: withItem(routes, i, { ...route, skills }) })}
              />
            </div>
            <WhenFields
              when={route.when}
              onChange={(when) => change({ routes: withItem(routes, i, { ...route, when }) })}
            />
            {i > 0 && (
              <button
                type="button"
                class="link"
                onClick={() => change({ routes: moved(routes, i, -1) })}
              >
                Move up
              </button>
            )}
          </Rule>
        ))}
      </ol>
      <button
        type="button"
        class="button"
        data-testid="add-route"
        onClick={() => change({ routes: [...routes, newRoute()] })}
      >
        Add a route
      </button>
    </Section>
  );
}

export function HeadStartsSection({ rules }: { rules: DeskRules }): VNode {
  const starts = rules.head_starts;
  return (
    <Section
      title="What comes first"
      lead="A head start counts as time waited already. Nobody is overtaken by somebody who came later by more than the sum of the head starts."
    >
      <ul class="setup-list">
        {starts.map((start, i) => (
          <Rule
            key={i}
            name={start.name}
            onRemove={() => change({ head_starts: withoutItem(starts, i) })}
          >
            <div class="setup-grid">
              <TextField
                label="Name"
                value={start.name}
                placeholder="Regular customer"
                onChange={(name) =>
                  change({ head_starts: withItem(starts, i, { ...start, name }) })
                }
              />
              <NumberField
                label="Minutes"
                value={start.minutes}
                min={1}
                onChange={(minutes) =>
                  change({ head_starts: withItem(starts, i, { ...start, minutes: minutes ?? 1 }) })
                }
              />
            </div>
            <WhenFields
              when={start.when}
              onChange={(when) => change({ head_starts: withItem(starts, i, { ...start, when }) })}
            />
          </Rule>
        ))}
      </ul>
      <button
        type="button"
        class="button"
        onClick={() => change({ head_starts: [...starts, newHeadStart()] })}
      >
        Add a head start
      </button>
    </Section>
  );
}
