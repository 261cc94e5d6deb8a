import type { ComponentChildren, VNode } from "preact";
import { type KnowledgePlace, knowledgeAddress } from "../../state/knowledge/route.ts";
import { goKnowledge } from "../../stores/place.ts";

interface LinkProps {
  to: KnowledgePlace;
  class?: string;
  testid?: string;
  current?: boolean;
  onGo?: () => void;
  children: ComponentChildren;
}

/** A real link within the area: it opens in a new tab as links do, and otherwise without loading a page. */
export function Link({ to, testid, current, onGo, children, ...rest }: LinkProps): VNode {
  return (
    <a
      class={rest.class}
      href={knowledgeAddress(to)}
      data-testid={testid}
      aria-current={current ? "page" : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        onGo?.();
        goKnowledge(to);
      }}
    >
      {children}
    </a>
  );
}
