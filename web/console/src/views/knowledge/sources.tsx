import type { Source } from "@baton/shared/knowledge";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { changeWords } from "../../state/knowledge/progress.ts";
import { at } from "../../state/knowledge/route.ts";
import { plural } from "../../state/knowledge/words.ts";
import { kinds, removeSource, sources, startSync, sync } from "../../stores/knowledge/knowledge.ts";
import { goKnowledge } from "../../stores/place.ts";
import { Icon } from "../icons.tsx";
import { Page } from "./area.tsx";
import { Confirm } from "./confirm.tsx";
import { Link } from "./link.tsx";
import { Empty, Problem, Ready, When } from "./parts.tsx";
import { SourceForm } from "./sourceForm.tsx";
import { SourceReportView } from "./sourceReport.tsx";
import { SyncBar } from "./syncBar.tsx";

const ADDING = at("sources", { add: "1" });
const SOURCES = at("sources");

export function SourcesPage({ query }: { query: Readonly<Record<string, string>> }): VNode {
  useEffect(() => {
    void kinds.load();
    void sources.load();
  }, []);
  const running = Boolean(sync.state.value?.running);
  const adding = Boolean(query.add);
  return (
    <Page place="sources" actions={<Actions running={running} adding={adding} />}>
      <div class="page-body">
        <SyncBar />
        {adding && <Adding />}
        <Ready load={sources.state.value} what="the sources" onRetry={() => void sources.load()}>
          {(list) =>
            list.length > 0 ? (
              <ul class="cards">
                {list.map((source) => (
                  <SourceCard key={source.id} source={source} running={running} />
                ))}
              </ul>
            ) : (
              !adding && <NoSources />
            )
          }
        </Ready>
      </div>
    </Page>
  );
}

function Actions({ running, adding }: { running: boolean; adding: boolean }): VNode {
  return (
    <>
      <button
        type="button"
        class="button"
        data-testid="sync-all"
        disabled={running}
        onClick={() => void startSync(null)}
      >
        <Icon name="refresh" /> Sync all
      </button>
      {!adding && (
        <Link to={ADDING} class="button button-primary" testid="add-source">
          Add a source
        </Link>
      )}
    </>
  );
}

function NoSources(): VNode {
  return (
    <Empty icon="sources" title="No sources yet.">
      <p>
        Add where your help articles live. They are read, kept up to date with each sync, and
        customers are answered from them at once.
      </p>
      <div class="empty-actions">
        <Link to={ADDING} class="button button-primary">
          Add a source
        </Link>
        <Link to={at("write")} class="button">
          Write an article here
        </Link>
      </div>
    </Empty>
  );
}

function Adding(): VNode {
  return (
    <section class="card" aria-label="Add a source">
      <h2>Add a source</h2>
      <Ready load={kinds.state.value} what="kinds of sources" onRetry={() => void kinds.load()}>
        {(found) => (
          <SourceForm
            kinds={found}
            source={null}
            onDone={(added) => {
              void sources.load();
              if (added) void startSync([added.id]);
              goKnowledge(SOURCES);
            }}
          />
        )}
      </Ready>
    </section>
  );
}

type Opened = "report" | "form" | null;

function SourceCard({ source, running }: { source: Source; running: boolean }): VNode {
  const [opened, open] = useState<Opened>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const found = kinds.state.value;
  const toggle = (what: Opened): void => open(opened === what ? null : what);
  return (
    <li class="card source-card" data-testid="source" data-source-id={source.id}>
      <div class="source-line">
        <span class="source-art">
          <Icon name={source.changeable ? "sources" : "note"} />
        </span>
        <div class="source-words">
          <h2>{source.name}</h2>
          <p>
            {source.kind_words}
            {source.options.location && (
              <>
                {" · "}
                <span class="source-location">{source.options.location}</span>
              </>
            )}
          </p>
        </div>
        <p class="source-count">
          <Link to={at("articles", { source: source.id })} class="plain-link">
            {plural(source.articles, "article")}
          </Link>
        </p>
      </div>
      <LastSync source={source} />
      <Problem words={problem} />
      <div class="card-actions">
        {source.changeable ? (
          <>
            <button
              type="button"
              class="button"
              data-testid="sync-source"
              disabled={running}
              onClick={() => void startSync([source.id])}
            >
              <Icon name="refresh" /> Sync now
            </button>
            <Folding
              opened={opened === "report"}
              words="Last report"
              onClick={() => toggle("report")}
            />
            <Folding opened={opened === "form"} words="Settings" onClick={() => toggle("form")} />
            <Confirm
              label="Remove"
              question={`Remove this source and its ${plural(source.articles, "article")}?`}
              verb="Remove"
              testid="remove-source"
              danger
              disabled={running}
              onConfirm={async () => setProblem(await removeSource(source))}
            />
          </>
        ) : (
          <Link to={at("write")} class="button">
            Write an article
          </Link>
        )}
      </div>
      {opened === "report" && <SourceReportView source={source} />}
      {opened === "form" && found.kind === "ready" && (
        <SourceForm
          kinds={found.value}
          source={source}
          onDone={() => {
            open(null);
            void sources.load();
          }}
        />
      )}
    </li>
  );
}

function Folding(props: { opened: boolean; words: string; onClick: () => void }): VNode {
  return (
    <button
      type="button"
      class="button folding"
      aria-expanded={props.opened}
      onClick={props.onClick}
    >
      {props.words} <Icon name="chevron" />
    </button>
  );
}

function LastSync({ source }: { source: Source }): VNode | null {
  const last = source.last_sync;
  if (!source.changeable) return null;
  if (!last) return <p class="source-state">Not synced yet.</p>;
  if (last.problem)
    return (
      <p class="source-state source-failed">
        <Icon name="flag" />
        <span>
          <strong>
            The last sync failed, <When at={last.at} />.
          </strong>{" "}
          {last.problem}
        </span>
      </p>
    );
  const skipped = last.changes?.skipped ?? 0;
  return (
    <p class="source-state">
      Synced <When at={last.at} />
      {last.changes && `. ${changeWords(last.changes)}.`}
      {skipped > 0 && <span class="source-skipped"> {plural(skipped, "line")} in the report.</span>}
    </p>
  );
}
