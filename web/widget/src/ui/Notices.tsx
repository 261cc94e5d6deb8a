import type { VNode } from "preact";
import type { Chat } from "../chat.ts";
import { WaitNotice } from "./WaitNotice.tsx";

/** What holds right now, between the log and the composer: the queue, a broken line. */
export function Notices({ chat }: { chat: Chat }): VNode {
  const { conversation } = chat.timeline;
  const { online } = chat.company.config.value;
  const refused = chat.pending.find((each) => each.kind === "human" && each.state === "failed");
  const queued = conversation?.status === "queued";
  return (
    <div class="notices" role="status">
      {queued && (
        <p class="notice notice-queue" data-testid="queue-notice" data-online={online}>
          <i class="dot dot-waiting" />
          <span>
            {online
              ? "You're waiting for a person. You can leave this page; the answer will be here."
              : "Nobody is online right now. You can leave this page; the answer will be here."}
          </span>
        </p>
      )}
      {queued && <WaitNotice chat={chat} />}
      {refused && (
        <p class="notice notice-failed">
          <span>A person could not be asked for. {refused.detail}</span>
          <button type="button" class="text-button" onClick={() => chat.requestHuman()}>
            Try again
          </button>
        </p>
      )}
      {chat.feed.reconnecting.value && (
        <p class="notice" data-testid="reconnecting">
          <i class="spinner" /> Reconnecting…
        </p>
      )}
    </div>
  );
}
