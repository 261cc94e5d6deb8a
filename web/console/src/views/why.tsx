import type { Trace, TraceHit, TraceStep, TraceToolCall } from "@baton/shared/types";
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { decisionWords, reasonWords, signalWords } from "../words.ts";
import { EvidenceBars, PushBars, percent, ValueBar } from "./bars.tsx";
import { Icon } from "./icons.tsx";

export function WhyToggle(props: {
  trace: Trace;
  shown: boolean;
  controls: string;
  label: string;
  onToggle: () => void;
}): VNode {
  const { value, calibrated } = props.trace.confidence;
  return (
    <button
      type="button"
      class="why-toggle"
      data-testid="why"
      aria-expanded={props.shown}
      aria-controls={props.controls}
      onClick={props.onToggle}
    >
      {props.label}
      <ValueBar value={value} />
      <span class="number">{percent(value)}</span>
      {!calibrated && <span class="uncalibrated">uncalibrated</span>}
      <Icon name="chevron" />
    </button>
  );
}

/** Everything the AI agent saw and did in one turn. */
export function WhyPanel(props: { trace: Trace; id: string; turnId: string | null }): VNode {
  const { trace, id, turnId } = props;
  const { confidence, hits, tool_calls, sentences } = trace;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.scrollIntoView({ block: "nearest" }), []);
  return (
    <section ref={panel} class="why" id={id} data-testid="why-panel" aria-label="Why this answer">
      <Facts trace={trace} />
      <Part title="Confidence">
        <p class="why-value">
          <ValueBar value={confidence.value} />
          <strong class="number">{percent(confidence.value)}</strong>
          <span class={confidence.calibrated ? "calibrated" : "uncalibrated"}>
            {confidence.calibrated ? "calibrated" : "uncalibrated: not a measured probability yet"}
          </span>
        </p>
        <div class="why-pair">
          <EvidenceBars title="Evidence" values={confidence.evidence} />
          <PushBars title="What moved it" values={confidence.contributions} />
        </div>
      </Part>
      {tool_calls.length > 0 && (
        <Part title="Tools run">
          {tool_calls.map((call) => (
            <ToolCall key={call.id} call={call} />
          ))}
        </Part>
      )}
      {hits.length > 0 && (
        <Part title="Passages considered">
          <ol class="passages">
            {hits.map((hit) => (
              <Passage key={hit.passage_id} hit={hit} />
            ))}
          </ol>
        </Part>
      )}
      {sentences.length > 0 && (
        <Part title="Sentences and their support">
          <Sentences trace={trace} />
        </Part>
      )}
      <Timings trace={trace} turnId={turnId} />
    </section>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }): VNode {
  return (
    <div class="why-part">
      <h4>{title}</h4>
      {children}
    </div>
  );
}

function Facts({ trace }: { trace: Trace }): VNode {
  const reason = trace.reason ? reasonWords(trace.reason) : null;
  return (
    <dl class="why-facts">
      <div>
        <dt>Decision</dt>
        <dd>
          <strong>{decisionWords(trace.decision)}</strong>
          {reason && ` · ${reason}`}
        </dd>
      </div>
      <div>
        <dt>Understood as</dt>
        <dd>
          <q>{trace.question}</q>
        </dd>
      </div>
      <div>
        <dt>Answered by</dt>
        <dd>
          {signalWords(trace.responder)} · {signalWords(trace.kind).toLowerCase()}
        </dd>
      </div>
      {trace.detail && (
        <div>
          <dt>Detail</dt>
          <dd>{trace.detail}</dd>
        </div>
      )}
      {trace.rule && (
        <div>
          <dt>Rule that fired</dt>
          <dd>
            <code>{trace.rule}</code>
            {trace.rule_detail && ` · ${trace.rule_detail}`}
          </dd>
        </div>
      )}
      {trace.fell_back && (
        <div>
          <dt>Fallback</dt>
          <dd>{trace.fell_back}</dd>
        </div>
      )}
    </dl>
  );
}

function Passage({ hit }: { hit: TraceHit }): VNode {
  return (
    <li>
      <details>
        <summary>
          <span class="passage-title">
            {hit.title}
            {hit.heading && <small> › {hit.heading}</small>}
          </span>
          <ValueBar value={hit.score} />
          <span class="number">{score(hit.score)}</span>
        </summary>
        <p class="passage-text">{hit.text}</p>
        <p class="passage-parts">
          meaning {score(hit.dense)} · words {score(hit.lexical)} · {hit.passage_id}
        </p>
      </details>
    </li>
  );
}

const score = (value: number | null): string => (value === null ? "none" : value.toFixed(2));

function ToolCall({ call }: { call: TraceToolCall }): VNode {
  const { ok, message, code, data } = call.result;
  return (
    <details class="tool-call">
      <summary>
        <span class={ok ? "outcome outcome-ok" : "outcome outcome-bad"}>
          <Icon name={ok ? "check" : "cross"} />
        </span>
        <code>{call.tool}</code>
        <span>{message || signalWords(code)}</span>
      </summary>
      <pre>{JSON.stringify({ arguments: call.arguments, code, data }, null, 2)}</pre>
    </details>
  );
}

function Sentences({ trace }: { trace: Trace }): VNode {
  const titles = new Map(trace.hits.map((hit) => [hit.passage_id, hit.title]));
  return (
    <ul class="sentences">
      {trace.sentences.map(({ sentence, source, score: support }, i) => (
        <li key={`${i}.${sentence}`} class={source === null ? "sentence-dropped" : undefined}>
          <span>{sentence}</span>
          <small>
            {source === null ? (
              "no support: left out"
            ) : (
              <>
                {titles.get(source) ?? source} · <span class="number">{score(support)}</span>
              </>
            )}
          </small>
        </li>
      ))}
    </ul>
  );
}

/** Time and cost of each step, and what the turn was pinned to. */
function Timings({ trace, turnId }: { trace: Trace; turnId: string | null }): VNode {
  const steps = trace.steps ?? [];
  const pins = Object.entries(trace.pins ?? {});
  return (
    <Part title="Time and cost">
      {steps.length > 0 && (
        <table class="why-steps" data-testid="why-steps">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Time</th>
              <th scope="col">Tokens in / out</th>
              <th scope="col">Cost</th>
            </tr>
          </thead>
          <tbody>
            {steps.map((step, i) => (
              <tr key={`${i}.${step.name}`}>
                <th scope="row">{step.model ? `${step.name} · ${step.model}` : step.name}</th>
                <td class="number">{duration(step.ms)}</td>
                <td class="number">{tokens(step)}</td>
                <td class="number">{step.cost ? step.cost.toFixed(4) : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="why-foot">
        <span class="number">{duration(trace.duration_ms)}</span> in all · knowledge{" "}
        {trace.knowledge_version || "not searched"}
        {pins.map(([name, value]) => ` · ${name} ${value}`)}
        {turnId !== null && (
          <>
            {" "}
            · repeat it with <code>baton replay {turnId}</code>
          </>
        )}
      </p>
    </Part>
  );
}

const duration = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`);

const tokens = ({ input_tokens, output_tokens }: TraceStep): string =>
  input_tokens === undefined ? "" : `${input_tokens} / ${output_tokens ?? 0}`;
