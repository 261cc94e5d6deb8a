import type { VNode } from "preact";

interface SegmentedProps<T extends string> {
  choices: readonly { value: T; words: string; testid?: string }[];
  value: T;
  onChoose: (value: T) => void;
  class?: string;
}

/** Two or three ways to look at one thing. */
export function Segmented<T extends string>(props: SegmentedProps<T>): VNode {
  return (
    <fieldset class={`segmented ${props.class ?? ""}`}>
      <legend class="visually-hidden">Show</legend>
      {props.choices.map(({ value, words, testid }) => (
        <button
          key={value}
          type="button"
          aria-pressed={props.value === value}
          data-testid={testid}
          onClick={() => props.onChoose(value)}
        >
          {words}
        </button>
      ))}
    </fieldset>
  );
}
