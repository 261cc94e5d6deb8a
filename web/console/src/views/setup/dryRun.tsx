/** One call of a tool as a customer of the shop, of which nothing comes. */

import type { Argument, DryRunResult, Proof, Tool, ToolProposal } from "@baton/shared/tools";
import { Fragment, type VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { argumentsOf, nameWords, type Typed } from "../../state/setup/tools.ts";
import { deskApi, wordsOf } from "../../stores/session.ts";
import { Problem } from "../knowledge/parts.tsx";

export function DryRunForm({ tool }: { tool: Tool }): VNode {
  const [customer, setCustomer] = useState("");
  const [proof, setProof] = useState<Proof>("signed");
  const [typed, setTyped] = useState<Typed>({});
  const [result, setResult] = useState<DryRunResult | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    setResult(null);
    try {
      const given = argumentsOf(tool.arguments, typed);
      setResult(
        await deskApi.dryRun(tool.name, {
          external_customer_id: customer.trim(),
          proof,
          arguments: given,
        }),
      );
    } catch (refusal) {
      setProblem(wordsOf(refusal));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="tool-form" onSubmit={(event) => void run(event)}>
      <div class="setup-grid">
        <label class="field">
          <span>Customer's id in the shop</span>
          <input
            class="input"
            name="customer"
            required
            maxLength={200}
            value={customer}
            onInput={(event) => setCustomer(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>The customer</span>
          <select
            class="input"
            value={proof}
            onChange={(event) => setProof(event.currentTarget.value as Proof)}
          >
            <option value="signed">is signed in</option>
            <option value="verified">entered a code too</option>
          </select>
        </label>
      </div>
      <Fields fields={tool.arguments} typed={typed} onChange={setTyped} />
      <button type="submit" class="button button-primary" disabled={busy}>
        Dry run
      </button>
      <Problem words={problem} />
      <div role="status">{result && <Result result={result} />}</div>
    </form>
  );
}

interface FieldsProps {
  fields: readonly Argument[];
  typed: Typed;
  onChange: (typed: Typed) => void;
}

function Fields({ fields, typed, onChange }: FieldsProps): VNode {
  return (
    <>
      {fields.map((field) => {
        const value = typed[field.name];
        const set = (now: string | Typed[]): void => onChange({ ...typed, [field.name]: now });
        if (field.kind === "list") {
          return (
            <Entries
              key={field.name}
              field={field}
              entries={Array.isArray(value) ? value : []}
              onChange={set}
            />
          );
        }
        return (
          <Field
            key={field.name}
            field={field}
            value={typeof value === "string" ? value : ""}
            onChange={set}
          />
        );
      })}
    </>
  );
}

interface FieldProps {
  field: Argument;
  value: string;
  onChange: (value: string) => void;
}

function Field({ field, value, onChange }: FieldProps): VNode {
  const id = useId();
  const { name, required, kind } = field;
  const input = { id, name, required, value, class: "input", "aria-describedby": `${id}d` };
  return (
    <div class="field">
      <label for={id}>
        {nameWords(name)}
        {!required && " (may stay empty)"}
      </label>
      {kind === "choice" || kind === "yes_no" ? (
        <select {...input} onChange={(event) => onChange(event.currentTarget.value)}>
          <option value="">–</option>
          {(kind === "yes_no" ? ["yes", "no"] : field.choices).map((choice) => (
            <option key={choice} value={choice}>
              {nameWords(choice)}
            </option>
          ))}
        </select>
      ) : kind === "number" ? (
        <input {...input} type="number" onInput={(event) => onChange(event.currentTarget.value)} />
      ) : (
        <input {...input} onInput={(event) => onChange(event.currentTarget.value)} />
      )}
      <small id={`${id}d`} class="quiet">
        {field.description}
      </small>
    </div>
  );
}

interface EntriesProps {
  field: Argument;
  entries: readonly Typed[];
  onChange: (entries: Typed[]) => void;
}

function Entries({ field, entries, onChange }: EntriesProps): VNode {
  return (
    <fieldset class="tool-entries">
      <legend>
        {nameWords(field.name)}
        {!field.required && " (may stay empty)"}
      </legend>
      {field.description && <small class="quiet">{field.description}</small>}
      {entries.map((entry, at) => (
        <div class="setup-grid" key={at}>
          <Fields
            fields={field.fields}
            typed={entry}
            onChange={(now) => onChange(entries.map((each, index) => (index === at ? now : each)))}
          />
          <button
            type="button"
            class="button"
            aria-label={`Remove entry ${at + 1}`}
            onClick={() => onChange(entries.filter((_, index) => index !== at))}
          >
            Remove
          </button>
        </div>
      ))}
      <button type="button" class="button" onClick={() => onChange([...entries, {}])}>
        Add
      </button>
    </fieldset>
  );
}

function Result({ result }: { result: DryRunResult }): VNode {
  return (
    <div class="tool-result" data-testid="dry-run-result">
      <p>
        <strong>{result.ok ? "It worked" : "It did not"}</strong> <code>{result.code}</code>
      </p>
      <p class="tool-message">{result.message}</p>
      {result.proposal && <ProposalFacts proposal={result.proposal} />}
      {Object.keys(result.data).length > 0 && (
        <details>
          <summary>Data for the AI agent</summary>
          <pre class="setup-scroll">{JSON.stringify(result.data, null, 2)}</pre>
        </details>
      )}
    </div>
  );
}

function ProposalFacts({ proposal }: { proposal: ToolProposal }): VNode {
  return (
    <section aria-label="Proposal">
      <p>This would be on the card. Nothing was put on record, and nothing was sent.</p>
      <dl class="tool-facts">
        <dt>What</dt>
        <dd>
          {nameWords(proposal.kind)}, order {proposal.order_number}
        </dd>
        {proposal.lines.map((line) => (
          <Fragment key={line.name}>
            <dt>Item</dt>
            <dd>
              {line.quantity} × {line.name}
              {line.amount && `: ${line.amount}`}
            </dd>
          </Fragment>
        ))}
        {proposal.amount && (
          <>
            <dt>Amount</dt>
            <dd>{proposal.amount}</dd>
          </>
        )}
        <dt>To</dt>
        <dd>{proposal.destination}</dd>
        <dt>Rule</dt>
        <dd>
          <code>{proposal.rule}</code>
        </dd>
        {proposal.needs_person && (
          <>
            <dt>Approval</dt>
            <dd>{proposal.needs_person}</dd>
          </>
        )}
      </dl>
    </section>
  );
}
