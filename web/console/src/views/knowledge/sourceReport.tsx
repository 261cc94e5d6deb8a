import type { SkippedLine, Source, SourceReport } from "@baton/shared/knowledge";
import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { Loaded } from "../../stores/loaded.ts";
import { knowledgeApi } from "../../stores/session.ts";
import { Ready } from "./parts.tsx";

/** What the last sync left out or mended, line by line. */
export function SourceReportView({ source }: { source: Source }): VNode {
  const report = useMemo(
    () => new Loaded<SourceReport>(() => knowledgeApi.report(source.id)),
    [source.id],
  );
  // A new sync has a new report.
  const synced = source.last_sync?.at;
  useEffect(() => void report.load(), [report, synced]);
  return (
    <section class="report" aria-label={`Last report of ${source.name}`} data-testid="report">
      <Ready load={report.state.value} what="the report" onRetry={() => void report.load()}>
        {({ source: { last_sync: last }, skipped, more }) => (
          <>
            {last?.changes && <Counts changes={last.changes} />}
            {skipped.length === 0 ? (
              <p class="quiet">Nothing was left out.</p>
            ) : (
              <ul class="skipped">
                {skipped.map((line) => (
                  <Skipped key={`${line.where} ${line.why}`} line={line} />
                ))}
              </ul>
            )}
            {more > 0 && <p class="quiet">And {more.toLocaleString()} more.</p>}
          </>
        )}
      </Ready>
    </section>
  );
}

function Counts(props: {
  changes: NonNullable<SourceReport["source"]["last_sync"]>["changes"];
}): VNode {
  const counts = Object.entries(props.changes ?? {}).filter(([name]) => name !== "skipped");
  return (
    <dl class="counts">
      {counts.map(([name, count]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="number">{count.toLocaleString()}</dd>
        </div>
      ))}
    </dl>
  );
}

function Skipped({ line }: { line: SkippedLine }): VNode {
  return (
    <li>
      <span class={line.kept ? "chip" : "chip chip-warn"}>{line.kept ? "Kept" : "Left out"}</span>
      <span>
        <strong>{line.where}</strong> {line.why}
      </span>
    </li>
  );
}
