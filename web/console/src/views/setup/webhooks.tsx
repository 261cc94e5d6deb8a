import type { Endpoint } from "@baton/shared/desk";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Loaded } from "../../stores/loaded.ts";
import { toast } from "../../stores/page.ts";
import { deskApi, wordsOf } from "../../stores/session.ts";
import { Confirm } from "../knowledge/confirm.tsx";
import { Problem, Ready } from "../knowledge/parts.tsx";
import { SetupHead } from "./area.tsx";
import { Check, Section, TextField } from "./fields.tsx";

const endpoints = new Loaded<Endpoint[]>(() => deskApi.endpoints());

/** Other systems that follow along: where they listen, and what did not arrive. */
export function WebhooksPage(): VNode {
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => void endpoints.load(), []);
  const working = async (work: () => Promise<void>): Promise<void> => {
    setProblem(null);
    try {
      await work();
      await endpoints.load();
    } catch (refusal) {
      setProblem(wordsOf(refusal));
    }
  };
  const add = (event: Event): void => {
    event.preventDefault();
    void working(async () => {
      setSecret(await deskApi.addEndpoint(url));
      setUrl("");
    });
  };
  return (
    <>
      <SetupHead page="webhooks" />
      <div class="page-body">
        <Problem words={problem} />
        <Section
          title="Add an endpoint"
          lead="It gets each event once or more, signed as Standard Webhooks has it, until it answers 2xx or 75 hours have passed."
        >
          <form class="setup-grid" onSubmit={add}>
            <TextField label="Address" value={url} placeholder="https://" onChange={setUrl} />
            <button type="submit" class="button button-primary">
              Add
            </button>
          </form>
          {secret && (
            <p role="status">
              The secret to check signatures by; it is shown only now:{" "}
              <code class="setup-link">{secret}</code>
            </p>
          )}
        </Section>
        <Ready
          load={endpoints.state.value}
          what="the endpoints"
          onRetry={() => void endpoints.load()}
        >
          {(list) =>
            list.map((endpoint) => (
              <EndpointCard key={endpoint.id} endpoint={endpoint} working={working} />
            ))
          }
        </Ready>
      </div>
    </>
  );
}

interface EndpointCardProps {
  endpoint: Endpoint;
  working: (work: () => Promise<void>) => Promise<void>;
}

function EndpointCard({ endpoint, working }: EndpointCardProps): VNode {
  const { id, pending, delivered, dead } = endpoint;
  const sendAgain = async (): Promise<void> => {
    toast(`On their way again: ${await deskApi.sendAgain(id)}.`);
  };
  return (
    <section class="card setup-section">
      <h2>{endpoint.url}</h2>
      <Check
        label="Send events there"
        on={endpoint.enabled}
        onChange={(enabled) => void working(() => deskApi.setEndpoint(id, enabled))}
      />
      {endpoint.disabled_because && <p>Switched off: {endpoint.disabled_because}</p>}
      <p class="quiet">
        On their way: {pending}. Delivered in the last week: {delivered}. Given up: {dead}.
      </p>
      <div class="card-actions">
        {dead > 0 && (
          <button type="button" class="button" onClick={() => void working(sendAgain)}>
            Send what was given up again
          </button>
        )}
        <Confirm
          label="Remove"
          question="Remove this endpoint, with all that still waits to be sent there?"
          verb="Remove"
          testid="remove-endpoint"
          onConfirm={() => working(() => deskApi.removeEndpoint(id))}
        />
      </div>
    </section>
  );
}
