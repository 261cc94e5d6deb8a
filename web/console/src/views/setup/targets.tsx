import type { DeskRules, SlaTarget } from "@baton/shared/desk";
import type { VNode } from "preact";
import { NO_CONDITION, withItem, withoutItem } from "../../state/setup/rules.ts";
import { change } from "../../stores/setup/rules.ts";
import { WhenFields } from "./conditions.tsx";
import { NumberField, Section, TextField } from "./fields.tsx";

const TIMES = [
  ["first_response_minutes", "First reply within minutes"],
  ["next_response_minutes", "Next reply within minutes"],
  ["resolution_minutes", "Resolved within minutes"],
] as const;

const newTarget = (): SlaTarget => ({
  name: "",
  when: NO_CONDITION,
  first_response_minutes: 60,
  next_response_minutes: null,
  resolution_minutes: null,
  warn_at_percent: 75,
});

export function TargetsSection({ rules }: { rules: DeskRules }): VNode {
  const { sla } = rules;
  const put = (i: number, target: SlaTarget): void => change({ sla: withItem(sla, i, target) });
  return (
    <Section
      title="Promises"
      lead="The first that fits a conversation holds. Only hours in which the team is there count; a snoozed conversation's resolution waits."
    >
      <ol class="setup-list">
        {sla.map((target, i) => (
          <li key={i} class="setup-rule">
            <div class="setup-grid">
              <TextField
                label="Name"
                value={target.name}
                placeholder="Everybody"
                onChange={(name) => put(i, { ...target, name })}
              />
              {TIMES.map(([key, label]) => (
                <NumberField
                  key={key}
                  label={label}
                  value={target[key]}
                  min={1}
                  empty="no promise"
                  onChange={(minutes) => put(i, { ...target, [key]: minutes })}
                />
              ))}
              <NumberField
                label="Warn when percent of it is used up"
                value={target.warn_at_percent}
                min={1}
                onChange={(percent) => put(i, { ...target, warn_at_percent: percent ?? 75 })}
              />
            </div>
            <WhenFields when={target.when} onChange={(when) => put(i, { ...target, when })} />
            <button type="button" class="link" onClick={() => change({ sla: withoutItem(sla, i) })}>
              Remove {target.name || "this"}
            </button>
          </li>
        ))}
      </ol>
      <button type="button" class="button" onClick={() => change({ sla: [...sla, newTarget()] })}>
        Add a promise
      </button>
    </Section>
  );
}
