import type { BatonFunction } from "@baton/shared/embed";

/** The embed's queue: calls made before the widget has loaded are done when it comes. */
if (!window.Baton) {
  const queue: BatonFunction = (...args) => {
    queue.q = queue.q ?? [];
    queue.q.push(args);
  };
  window.Baton = queue;
}

// Looked up on each call: loading replaces the queue by the real thing.
export const baton = (...args: unknown[]): unknown => window.Baton?.(...args);
