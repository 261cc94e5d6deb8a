/** Signs of life: somebody who touches nothing for the rules' idle time is given no conversations. */

import { deskApi } from "./session.ts";

const TELL_EVERY = 60_000;

/** Tells the service of the first key, click or touch of each minute; the returned function stops. */
export function tellActive(): () => void {
  let told = Number.NEGATIVE_INFINITY;
  const tell = (): void => {
    if (Date.now() - told < TELL_EVERY) return;
    told = Date.now();
    deskApi.active().catch(() => {
      told = Number.NEGATIVE_INFINITY;
    });
  };
  const signs = ["keydown", "pointerdown", "pointermove"] as const;
  for (const sign of signs) window.addEventListener(sign, tell, { passive: true });
  tell();
  return () => {
    for (const sign of signs) window.removeEventListener(sign, tell);
  };
}
