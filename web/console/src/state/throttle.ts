/** Lets one call through per `interval` milliseconds; the clock is passed in. */
export function everyAtMost(interval: number, now: () => number): (run: () => void) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (run) => {
    if (now() - last < interval) return;
    last = now();
    run();
  };
}
