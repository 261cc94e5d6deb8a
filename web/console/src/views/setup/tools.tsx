import type { Tool } from "@baton/shared/tools";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { ACCESS_WORDS, limitWords, NEEDS_WORDS, nameWords } from "../../state/setup/tools.ts";
import { Loaded } from "../../stores/loaded.ts";
import { deskApi } from "../../stores/session.ts";
import { Empty, Ready } from "../knowledge/parts.tsx";
import { SetupHead } from "./area.tsx";
import { DryRunForm } from "./dryRun.tsx";

const tools = new Loaded<Tool[]>(() => deskApi.tools());

/** What the AI agent may look up and offer, and a dry run of each. */
export function ToolsPage(): VNode {
  useEffect(() => void tools.load(), []);
  return (
    <>
      <SetupHead page="tools" />
      <div class="page-body">
        <Ready load={tools.state.value} what="the tools" onRetry={() => void tools.load()}>
          {(list) => <ToolList list={list} />}
        </Ready>
      </div>
    </>
  );
}

export function ToolList({ list }: { list: readonly Tool[] }): VNode {
  if (list.length === 0) {
    return (
      <Empty icon="tools" title="The AI agent has no tools here.">
        <p>It answers from the help center only. Connect a shop in the settings of the service.</p>
      </Empty>
    );
  }
  return (
    <>
      {list.map((tool) => (
        <ToolCard key={tool.name} tool={tool} />
      ))}
    </>
  );
}

function ToolCard({ tool }: { tool: Tool }): VNode {
  const title = `tool-${tool.name}`;
  return (
    <section class="card setup-section" aria-labelledby={title} data-testid={title}>
      <h2 id={title}>
        {nameWords(tool.name)} <code>{tool.name}</code>
      </h2>
      <p>{tool.description}</p>
      <dl class="tool-facts">
        <dt>Access</dt>
        <dd>{ACCESS_WORDS[tool.access]}</dd>
        <dt>For</dt>
        <dd>{NEEDS_WORDS[tool.needs]}</dd>
        <dt>A call</dt>
        <dd>{limitWords(tool)}</dd>
      </dl>
      <details>
        <summary>Try it as a customer</summary>
        <DryRunForm tool={tool} />
      </details>
    </section>
  );
}
