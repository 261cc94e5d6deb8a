/** The fields that the desk setup's forms are made of. */

import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";
import { joined, listed } from "../../state/setup/rules.ts";

export function Section(props: {
  title: string;
  lead?: string;
  children: ComponentChildren;
}): VNode {
  return (
    <section class="card setup-section">
      <h2>{props.title}</h2>
      {props.lead && <p class="quiet">{props.lead}</p>}
      {props.children}
    </section>
  );
}

export function Check(props: {
  label: string;
  on: boolean;
  onChange: (on: boolean) => void;
  testid?: string;
}): VNode {
  return (
    <label class="setup-check">
      <input
        type="checkbox"
        checked={props.on}
        data-testid={props.testid}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <span>{props.label}</span>
    </label>
  );
}

interface NumberFieldProps {
  label: string;
  value: number | null;
  min: number;
  /** What an empty field means; without it the field must be filled. */
  empty?: string;
  onChange: (value: number | null) => void;
}

export function NumberField({ label, value, min, empty, onChange }: NumberFieldProps): VNode {
  return (
    <label class="field setup-number">
      <span>{label}</span>
      <input
        class="input"
        type="number"
        min={min}
        value={value ?? ""}
        placeholder={empty}
        onInput={(event) => {
          const typed = event.currentTarget.value;
          if (typed !== "") onChange(Math.max(min, Math.round(Number(typed))));
          else if (empty !== undefined) onChange(null);
        }}
      />
    </label>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  of: Readonly<Record<T, string>>;
  onChange: (value: T) => void;
}

/** One of a few, by its words. */
export function Choice<T extends string>({ label, value, of, onChange }: ChoiceProps<T>): VNode {
  return (
    <label class="field">
      <span>{label}</span>
      <select
        class="input"
        value={value}
        onChange={(event) => onChange(event.currentTarget.value as T)}
      >
        {Object.entries<string>(of).map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

export function TextField(props: {
  label: string;
  value: string;
  placeholder?: string;
  onChange: (value: string) => void;
}): VNode {
  return (
    <label class="field">
      <span>{props.label}</span>
      <input
        class="input"
        value={props.value}
        placeholder={props.placeholder}
        onInput={(event) => props.onChange(event.currentTarget.value)}
      />
    </label>
  );
}

/** Typed with commas. The text stays as it is typed; the list follows it. */
export function ListField(props: {
  label: string;
  list: readonly string[];
  placeholder?: string;
  onChange: (list: string[]) => void;
}): VNode {
  const [text, setText] = useState(joined(props.list));
  return (
    <TextField
      label={props.label}
      value={joined(listed(text)) === joined(props.list) ? text : joined(props.list)}
      placeholder={props.placeholder}
      onChange={(typed) => {
        setText(typed);
        props.onChange(listed(typed));
      }}
    />
  );
}
