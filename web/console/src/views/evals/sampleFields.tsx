import type { VNode } from "preact";
import { useState } from "preact/hooks";
import {
  type Listed,
  linesOf,
  messagesOf,
  sampleOf,
  withExpected,
  withMessage,
} from "../../state/sampleText.ts";

const LISTS: { name: Listed; label: string }[] = [
  { name: "says", label: "A right answer says (one fact a line; a|b: either)" },
  { name: "never_says", label: "It never says (one a line)" },
  { name: "relevant", label: "Articles that answer it (one id a line)" },
];

const DECISIONS: Record<string, string> = {
  "": "Any: it is not looked at",
  answer: "Answer",
  clarify: "Ask back",
  hand_off: "Bring in a person",
  "answer|clarify": "Answer or ask back",
  "answer|hand_off": "Answer or bring in a person",
  "clarify|hand_off": "Ask back or bring in a person",
};

/** The fields of a sample that most reviews change. They write into its JSON, where the rest of it is edited. */
export function SampleFields(props: { text: string; onText: (text: string) => void }): VNode {
  const read = sampleOf(props.text);
  if (read === null)
    return <p class="quiet">The JSON below cannot be read: mend it to have the fields back.</p>;
  const { sample, expect } = read;
  const messages = messagesOf(sample);
  const decision = typeof expect.decision === "string" ? expect.decision : "";
  return (
    <div class="eval-fields">
      {messages.map(({ turn, words }, place) => (
        <label key={turn}>
          {messages.length === 1
            ? "The customer writes"
            : `The customer writes, message ${place + 1}`}
          <textarea
            class="input"
            rows={2}
            value={words}
            onInput={(event) => props.onText(withMessage(sample, turn, event.currentTarget.value))}
          />
        </label>
      ))}
      {LISTS.map(({ name, label }) => (
        <Lines
          key={name}
          label={label}
          value={expect[name]}
          onLines={(lines) => props.onText(withExpected(sample, expect, name, lines))}
        />
      ))}
      <label>
        The right decision
        <select
          class="input"
          value={decision}
          onChange={(event) =>
            props.onText(withExpected(sample, expect, "decision", event.currentTarget.value))
          }
        >
          {!(decision in DECISIONS) && <option value={decision}>{decision}</option>}
          {Object.entries(DECISIONS).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** A list as lines. What is typed stays as it is, blank lines too, until the JSON says something else. */
function Lines(props: {
  label: string;
  value: unknown;
  onLines: (lines: string[]) => void;
}): VNode {
  const listed = Array.isArray(props.value) ? props.value.map(String) : [];
  const [typed, setTyped] = useState("");
  const current = JSON.stringify(linesOf(typed)) === JSON.stringify(listed);
  const words = current ? typed : listed.join("\n");
  return (
    <label>
      {props.label}
      <textarea
        class="input"
        rows={Math.min(8, words.split("\n").length + 1)}
        value={words}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          props.onLines(linesOf(event.currentTarget.value));
        }}
      />
    </label>
  );
}
