import type { ComponentChildren, VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon } from "./icons.tsx";

interface MenuProps {
  /** On the button. */
  label: string;
  /** Of the list, for screen readers. */
  name: string;
  testid: string;
  disabled: boolean;
  /** What it lists; `close` is called on a choice. Items have the role "menuitem". */
  children: (close: () => void) => ComponentChildren;
}

/** A button that opens a list. Closes on choice, Escape, or when the focus leaves. */
export function Menu({ label, name, testid, disabled, children }: MenuProps): VNode {
  const [shown, setShown] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (shown) place.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
  }, [shown]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      setShown(false);
      button.current?.focus();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const items = Array.from(place.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? []);
    const at = items.indexOf(document.activeElement as HTMLElement);
    items.at((at + (event.key === "ArrowDown" ? 1 : -1)) % items.length)?.focus();
  };
  const onFocusOut = (event: FocusEvent): void => {
    if (!place.current?.contains(event.relatedTarget as Node | null)) setShown(false);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys bubble here from the menu's own items
    <div class="menu-place" ref={place} onKeyDown={onKeyDown} onFocusOut={onFocusOut}>
      <button
        ref={button}
        type="button"
        class="button"
        data-testid={testid}
        aria-haspopup="menu"
        aria-expanded={shown}
        aria-controls={id}
        disabled={disabled}
        onClick={() => setShown(!shown)}
      >
        {label}
        <Icon name="chevron" />
      </button>
      {shown && (
        <div class="menu" role="menu" id={id} aria-label={name}>
          {children(() => setShown(false))}
        </div>
      )}
    </div>
  );
}
