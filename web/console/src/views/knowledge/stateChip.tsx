import type { ArticleState } from "@baton/shared/knowledge";
import type { VNode } from "preact";
import { STATE_MEANING, STATE_WORDS } from "../../state/knowledge/words.ts";

export function StateChip({ state }: { state: ArticleState }): VNode {
  return (
    <span class={`chip state-${state}`} title={STATE_MEANING[state]} data-testid="state">
      {STATE_WORDS[state]}
    </span>
  );
}
