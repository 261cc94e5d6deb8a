import { DAYS, type Day, type OpeningHours } from "@baton/shared/desk";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { daysOf, OFFICE_HOURS, textOfDays } from "../../state/setup/rules.ts";
import { Check, ListField, TextField } from "./fields.tsx";

const DAY_WORDS: Record<Day, string> = {
  mon: "Monday",
  tue: "Tuesday",
  wed: "Wednesday",
  thu: "Thursday",
  fri: "Friday",
  sat: "Saturday",
  sun: "Sunday",
};

interface HoursProps {
  hours: OpeningHours | null;
  /** What it means that there are none. */
  none: string;
  onChange: (hours: OpeningHours | null) => void;
}

export function HoursFields({ hours, none, onChange }: HoursProps): VNode {
  const [days, setDays] = useState(textOfDays(hours?.days ?? {}));
  return (
    <>
      <Check
        label={none}
        on={hours === null}
        onChange={(on) => onChange(on ? null : OFFICE_HOURS)}
      />
      {hours && (
        <div class="setup-hours">
          <TextField
            label="Time zone"
            value={hours.zone}
            placeholder="Europe/Amsterdam"
            onChange={(zone) => onChange({ ...hours, zone })}
          />
          <div class="setup-days">
            {DAYS.map((day) => (
              <ListField
                key={day}
                label={DAY_WORDS[day]}
                list={hours.week[day] ?? []}
                placeholder="Closed"
                onChange={(spans) => onChange({ ...hours, week: { ...hours.week, [day]: spans } })}
              />
            ))}
          </div>
          <label class="field">
            <span>Special days, one a line: a date alone is closed, or with its own hours</span>
            <textarea
              class="input"
              rows={3}
              value={days}
              placeholder={"2026-12-25\n2026-12-24 09:00-12:00"}
              onInput={(event) => {
                setDays(event.currentTarget.value);
                onChange({ ...hours, days: daysOf(event.currentTarget.value) });
              }}
            />
          </label>
        </div>
      )}
    </>
  );
}
