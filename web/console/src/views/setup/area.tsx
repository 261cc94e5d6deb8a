import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { SetupPage } from "../../state/route.ts";
import { railOpen } from "../../stores/page.ts";
import { hasMoved } from "../../stores/place.ts";
import { SETUP_WORDS } from "../../words.ts";
import { Icon } from "../icons.tsx";
import { AuditPage } from "./audit.tsx";
import { RatingsPage } from "./ratings.tsx";
import { RepliesPage } from "./replies.tsx";
import { RulesPage } from "./rules.tsx";
import { TeamPage } from "./team.tsx";
import { ToolsPage } from "./tools.tsx";
import { WebhooksPage } from "./webhooks.tsx";

/** Where a lead sets the desk up. */
export function SetupArea({ page }: { page: SetupPage }): VNode {
  return (
    <section class="knowledge setup" aria-label="Desk setup" key={page}>
      {page === "rules" && <RulesPage />}
      {page === "replies" && <RepliesPage />}
      {page === "team" && <TeamPage />}
      {page === "tools" && <ToolsPage />}
      {page === "webhooks" && <WebhooksPage />}
      {page === "ratings" && <RatingsPage />}
      {page === "audit" && <AuditPage />}
    </section>
  );
}

interface SetupHeadProps {
  page: SetupPage;
  actions?: ComponentChildren;
}

export function SetupHead({ page, actions }: SetupHeadProps): VNode {
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
        <h1 ref={heading} tabIndex={-1}>
          {SETUP_WORDS[page].name}
        </h1>
        <p>{SETUP_WORDS[page].lead}</p>
      </div>
      {actions && <div class="page-actions">{actions}</div>}
    </header>
  );
}
