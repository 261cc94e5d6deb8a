import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type EvalPlace, evalAddress } from "../../state/evals.ts";
import { railOpen } from "../../stores/page.ts";
import { go, hasMoved } from "../../stores/place.ts";
import { Icon } from "../icons.tsx";
import { ComparePage } from "./compare.tsx";
import { ResultPage } from "./result.tsx";
import { RunPage } from "./run.tsx";
import { RunsPage } from "./runs.tsx";
import { SamplesPage } from "./samples.tsx";

/** Whether a change of the AI agent is better: runs of evaluations, compared and looked into. */
export function EvalArea({ place }: { place: EvalPlace }): VNode {
  return (
    <section class="knowledge evals" aria-label="Evals" key={evalAddress(place)}>
      <Page place={place} />
    </section>
  );
}

function Page({ place }: { place: EvalPlace }): VNode {
  switch (place.page) {
    case "run":
      return <RunPage id={place.run} />;
    case "result":
      return <ResultPage run={place.run} sample={place.sample} number={place.number} />;
    case "compare":
      return <ComparePage before={place.before} after={place.after} />;
    case "samples":
      return <SamplesPage />;
    default:
      return <RunsPage />;
  }
}

interface HeadProps {
  title: string;
  lead?: string;
  back?: { to: EvalPlace; words: string };
  children?: ComponentChildren;
}

export function EvalHead({ title, lead, back, children }: HeadProps): VNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (hasMoved()) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <header class="page-head">
      <button
        type="button"
        class="icon-button only-narrow"
        aria-label="Views and team"
        onClick={() => {
          railOpen.value = true;
        }}
      >
        <Icon name="menu" />
      </button>
      <div class="page-title">
        {back && (
          <EvalLink to={back.to} class="back">
            <Icon name="back" />
            {back.words}
          </EvalLink>
        )}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead && <p>{lead}</p>}
      </div>
      {children && <div class="page-actions">{children}</div>}
    </header>
  );
}

interface LinkProps {
  to: EvalPlace;
  class?: string;
  children: ComponentChildren;
}

/** A real link within the area: it opens in a new tab as links do, and otherwise without loading a page. */
export function EvalLink({ to, children, ...rest }: LinkProps): VNode {
  return (
    <a
      class={rest.class}
      href={evalAddress(to)}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go({ conversation: null, evals: to });
      }}
    >
      {children}
    </a>
  );
}
