import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

export function isPhone(): boolean {
  return window.matchMedia("(max-width: 480px)").matches;
}

/**
 * On a phone the panel covers the visible part of the screen: the visual viewport shrinks when the
 * keyboard comes, and the page behind must not scroll along.
 */
export function usePhoneViewport(panel: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const viewport = window.visualViewport;
    const page = document.documentElement;
    const overflow = page.style.overflow;
    const fit = (): void => {
      const phone = isPhone();
      page.style.overflow = phone ? "hidden" : overflow;
      const style = panel.current?.style;
      if (!style || !viewport) return;
      style.setProperty("--visible-height", phone ? `${viewport.height}px` : "");
      style.setProperty("--visible-top", phone ? `${viewport.offsetTop}px` : "");
    };
    fit();
    viewport?.addEventListener("resize", fit);
    viewport?.addEventListener("scroll", fit);
    return () => {
      viewport?.removeEventListener("resize", fit);
      viewport?.removeEventListener("scroll", fit);
      page.style.overflow = overflow;
    };
  }, [panel]);
}

/** Tab goes round inside the panel while it covers the page. */
export function keepFocusInside(panel: HTMLElement, event: KeyboardEvent): void {
  const stops = [
    ...panel.querySelectorAll<HTMLElement>("button, a[href], textarea, [tabindex='0']"),
  ].filter((stop) => !stop.hasAttribute("disabled") && stop.offsetParent !== null);
  const active = (panel.getRootNode() as ShadowRoot).activeElement;
  const [first, last] = [stops[0], stops.at(-1)];
  if (event.shiftKey && (active === first || active === panel)) {
    event.preventDefault();
    last?.focus();
  } else if (!event.shiftKey && active === last) {
    event.preventDefault();
    first?.focus();
  }
}

/** Moves the focus on from a button that its own press takes off the page; on a phone no keyboard comes up. */
export function focusConversation(pressed: HTMLElement): void {
  const root = pressed.getRootNode() as ShadowRoot;
  requestAnimationFrame(() => {
    root.querySelector<HTMLElement>(isPhone() ? ".log" : "textarea")?.focus();
  });
}
