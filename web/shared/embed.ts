/** `window.Baton(command, …)`: a queue until the widget has loaded, then the widget. */
export type BatonFunction = ((...args: unknown[]) => unknown) & { q?: ArrayLike<unknown>[] };

declare global {
  interface Window {
    Baton?: BatonFunction;
  }
}
