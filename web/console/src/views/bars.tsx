import type { VNode } from "preact";
import { signalWords } from "../words.ts";

export const percent = (value: number): string => `${Math.round(clamp(value) * 100)} %`;

const clamp = (value: number): number =>
  Math.min(1, Math.max(0, Number.isFinite(value) ? value : 0));

/** One value of 0..1 as a bar. The number stands beside it, so the bar itself is silent. */
export function ValueBar({ value }: { value: number }): VNode {
  return (
    <span class="bar" aria-hidden="true">
      <i style={{ width: `${clamp(value) * 100}%` }} />
    </span>
  );
}

type Values = { title: string; values: Record<string, number> };

/** Signals on their own scales: each bar is drawn against the largest, capped at 1 where all fit below it. */
export function EvidenceBars({ title, values }: Values): VNode | null {
  const entries = Object.entries(values);
  if (entries.length === 0) return null;
  const largest = Math.max(1, ...entries.map(([, value]) => Math.abs(value)));
  return (
    <div class="bars">
      <h5>{title}</h5>
      <dl>
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt>{signalWords(name)}</dt>
            <dd>
              <ValueBar value={Math.abs(value) / largest} />
              <span class="number">{value.toFixed(2)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** What each signal added to or took from the confidence, strongest first, from a common middle line. */
export function PushBars({ title, values }: Values): VNode | null {
  const entries = Object.entries(values).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
  if (entries.length === 0) return null;
  const largest = Math.max(...entries.map(([, value]) => Math.abs(value))) || 1;
  return (
    <div class="bars">
      <h5>{title}</h5>
      <dl>
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt>{signalWords(name)}</dt>
            <dd>
              <span class="push" aria-hidden="true">
                <i
                  class={value < 0 ? "push-down" : "push-up"}
                  style={{ width: `${(Math.abs(value) / largest) * 50}%` }}
                />
              </span>
              <span class="number">{signed(value)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
