/** Scrolls to a message and lights it up for a moment. */

const CALM = "(prefers-reduced-motion: reduce)";

export function flash(messageId: string): void {
  // One frame later: pages that were just loaded must be on screen before anything is measured.
  requestAnimationFrame(() => {
    const element = document.getElementById(`message-${messageId}`);
    if (!element) return;
    const behavior = matchMedia(CALM).matches ? "instant" : "smooth";
    element.scrollIntoView({ block: "center", behavior });
    element.classList.remove("flashing");
    void element.offsetWidth;
    element.classList.add("flashing");
    element.focus({ preventScroll: true });
    setTimeout(() => element.classList.remove("flashing"), 2200);
  });
}
