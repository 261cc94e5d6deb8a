import type { AuditLine } from "@baton/shared/team";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { teamApi, wordsOf } from "../../stores/session.ts";
import { Problem, When } from "../knowledge/parts.tsx";
import { SetupHead } from "./area.tsx";

const PAGE = 100;

/** Who did and saw what, newest first. */
export function AuditPage(): VNode {
  const [lines, setLines] = useState<AuditLine[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const [checked, setChecked] = useState<string | null>(null);
  const more = async (): Promise<void> => {
    try {
      const next = await teamApi.audit(lines.at(-1)?.number ?? null);
      setLines([...lines, ...next]);
    } catch (refusal) {
      setProblem(wordsOf(refusal));
    }
  };
  const check = async (): Promise<void> => {
    const broken = await teamApi.firstBroken().catch(() => undefined);
    if (broken === undefined) setChecked("The log could not be checked. Try again.");
    else if (broken === null) setChecked("Every line is as it was written.");
    else setChecked(`Line ${broken} was changed or taken out after it was written.`);
  };
  useEffect(() => void more(), []);
  return (
    <>
      <SetupHead
        page="audit"
        actions={
          <button type="button" class="button" onClick={() => void check()}>
            Check the log
          </button>
        }
      />
      <div class="page-body">
        <Problem words={problem} />
        <p role="status">{checked}</p>
        <div class="setup-scroll">
          <table class="setup-table">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">Of</th>
                <th scope="col">Answer</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={line.number}>
                  <td>
                    <When at={line.at} />
                  </td>
                  <td>{line.name}</td>
                  <td>{line.did.replace("/console/v1", "")}</td>
                  <td>{line.to}</td>
                  <td>{line.outcome}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {lines.length > 0 && lines.length % PAGE === 0 && (
          <button type="button" class="button" onClick={() => void more()}>
            Show more
          </button>
        )}
      </div>
    </>
  );
}
