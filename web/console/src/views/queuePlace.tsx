import type { QueuePlace } from "@baton/shared/desk";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { OpenConversation } from "../stores/conversation.ts";
import { inbox } from "../stores/inbox.ts";
import { deskApi } from "../stores/session.ts";

/** Why here, and why this order: shown above a conversation that waits in the queue, and kept up to date. */
export function QueuePlaceLine({ open }: { open: OpenConversation }): VNode | null {
  const [place, setPlace] = useState<QueuePlace | null>(null);
  const status = open.timeline.value?.conversation.status;
  const queue = inbox.value?.queue;
  useEffect(() => {
    let shown = true;
    if (status !== "queued") setPlace(null);
    else
      deskApi.place(open.id).then(
        (found) => shown && setPlace(found),
        () => shown && setPlace(null), // it explains; nothing depends on it
      );
    return () => {
      shown = false;
    };
  }, [open.id, status, queue]);
  if (place === null) return null;
  return (
    <p class="queue-place" data-testid="queue-place">
      <strong>
        Number {place.position} in the queue{place.team ? ` of ${place.team}` : ""}
      </strong>
      {place.why.map((why) => (
        <span key={why}>{why}</span>
      ))}
      {place.waits_for && <span>{place.waits_for}</span>}
    </p>
  );
}
