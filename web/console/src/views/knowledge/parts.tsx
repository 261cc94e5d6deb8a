import { relativeTime } from "@baton/shared/time";
import type { ComponentChildren, VNode } from "preact";
import type { Load } from "../../stores/loaded.ts";
import { now } from "../../stores/page.ts";
import { Icon, type IconName } from "../icons.tsx";

/** "3 hours ago", with the full date behind it. Days to come are written out. */
export function When({ at }: { at: string }): VNode {
  const date = new Date(at);
  const full = date.toLocaleString(undefined, { dateStyle: "full", timeStyle: "short" });
  const future = date.getTime() > now.value + 60_000;
  const words = future
    ? date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })
    : relativeTime(at, now.value);
  return (
    <time dateTime={at} title={full}>
      {words}
    </time>
  );
}

interface EmptyProps {
  icon: IconName;
  title: string;
  children: ComponentChildren;
}

/** Nothing here: what that means and what to do next. */
export function Empty({ icon, title, children }: EmptyProps): VNode {
  return (
    <div class="empty" data-testid="empty">
      <span class="empty-art">
        <Icon name={icon} />
      </span>
      <strong>{title}</strong>
      {children}
    </div>
  );
}

interface ReadyProps<T> {
  load: Load<T>;
  /** What is loading, for "Loading the sources". */
  what: string;
  onRetry: () => void;
  children: (value: T) => ComponentChildren;
}

export function Ready<T>({ load, what, onRetry, children }: ReadyProps<T>): VNode {
  if (load.kind === "ready") return <>{children(load.value)}</>;
  if (load.kind === "loading") return <Bones what={what} />;
  return (
    <div class="empty" role="alert">
      <strong>This could not be loaded.</strong>
      <p>{load.words}</p>
      <button type="button" class="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

export function Bones({ what }: { what: string }): VNode {
  return (
    <div class="skeletons" role="status" aria-label={`Loading ${what}`}>
      {[1, 2, 3].map((each) => (
        <div key={each} class="skeleton-row">
          <i class="bone bone-half" />
          <i class="bone" />
          <i class="bone bone-third" />
        </div>
      ))}
    </div>
  );
}

export function Problem({ words }: { words: string | null }): VNode {
  return <div role="alert">{words && <p class="problem-line">{words}</p>}</div>;
}
