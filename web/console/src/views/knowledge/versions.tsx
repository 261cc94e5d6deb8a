import type { Version } from "@baton/shared/knowledge";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { at } from "../../state/knowledge/route.ts";
import { capital, plural } from "../../state/knowledge/words.ts";
import { rollBack, sync, versions } from "../../stores/knowledge/knowledge.ts";
import { Page } from "./area.tsx";
import { Confirm } from "./confirm.tsx";
import { Link } from "./link.tsx";
import { Empty, Problem, Ready, When } from "./parts.tsx";
import { VersionDiffView } from "./versionDiff.tsx";

type Query = Readonly<Record<string, string>>;

export function VersionsPage({ query }: { query: Query }): VNode {
  useEffect(() => void versions.load(), []);
  return (
    <Page place="versions">
      <div class="page-body">
        <Ready load={versions.state.value} what="the versions" onRetry={() => void versions.load()}>
          {(list) => (list.length > 0 ? <List list={list} query={query} /> : <NoVersions />)}
        </Ready>
      </div>
    </Page>
  );
}

function NoVersions(): VNode {
  return (
    <Empty icon="versions" title="No versions yet.">
      <p>The first sync makes the first one.</p>
      <div class="empty-actions">
        <Link to={at("sources")} class="button button-primary">
          Go to the sources
        </Link>
      </div>
    </Empty>
  );
}

function List({ list, query }: { list: Version[]; query: Query }): VNode {
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <>
      <Problem words={problem} />
      <ul class="cards">
        {list.map((version, i) => (
          <VersionCard
            key={version.number}
            version={version}
            earlier={list[i + 1] ?? null}
            query={query}
            onProblem={setProblem}
          />
        ))}
      </ul>
    </>
  );
}

interface VersionCardProps {
  version: Version;
  /** The kept version before it. */
  earlier: Version | null;
  query: Query;
  onProblem: (words: string | null) => void;
}

function VersionCard({ version, earlier, query, onProblem }: VersionCardProps): VNode {
  const shown = query.after === String(version.number) && Boolean(query.before);
  const there = { before: String(earlier?.number ?? ""), after: String(version.number) };
  return (
    <li class="card version" data-testid="version" data-version={version.number}>
      <div class="version-line">
        <h2>
          Version {version.number}
          {version.live && (
            <span class="chip state-live" data-testid="live">
              Live
            </span>
          )}
        </h2>
        <p>
          {version.cause && `${capital(version.cause)} · `}
          <When at={version.made_at} /> · {plural(version.articles, "article")},{" "}
          {plural(version.passages, "passage")}
          {version.rolled_back_at && (
            <>
              {" · went back to it "}
              <When at={version.rolled_back_at} />
            </>
          )}
        </p>
      </div>
      <div class="card-actions">
        {earlier && (
          <Link to={at("versions", shown ? {} : there)} class="button" testid="what-changed">
            {shown ? "Hide changes" : `Compare with ${earlier.number}`}
          </Link>
        )}
        {!version.live && (
          <Confirm
            label="Go back to this"
            question={`Answer from version ${version.number} at once?`}
            verb="Go back"
            testid="roll-back"
            disabled={Boolean(sync.state.value?.running)}
            onConfirm={async () => onProblem(await rollBack(version))}
          />
        )}
      </div>
      {shown && <VersionDiffView before={Number(query.before)} after={version.number} />}
    </li>
  );
}
