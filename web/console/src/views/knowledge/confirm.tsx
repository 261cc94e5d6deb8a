import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface ConfirmProps {
  label: string;
  /** What will happen, asked where the button was. */
  question: string;
  /** What the button that does it says. */
  verb: string;
  testid: string;
  danger?: boolean;
  disabled?: boolean;
  onConfirm: () => void | Promise<void>;
}

/** A button that asks first, in its own place: no window opens, nothing jumps. */
export function Confirm(props: ConfirmProps): VNode {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const answered = useRef(false);
  const keep = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (asking) keep.current?.focus();
    else if (answered.current) opener.current?.focus();
  }, [asking]);

  const close = (): void => {
    answered.current = true;
    setAsking(false);
  };
  const confirm = async (): Promise<void> => {
    setBusy(true);
    await props.onConfirm();
    setBusy(false);
    close();
  };

  if (!asking)
    return (
      <button
        ref={opener}
        type="button"
        class="button"
        data-testid={props.testid}
        disabled={props.disabled}
        onClick={() => setAsking(true)}
      >
        {props.label}
      </button>
    );
  return (
    <fieldset
      class="confirm"
      aria-label={props.question}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <span>{props.question}</span>
      <button ref={keep} type="button" class="button" disabled={busy} onClick={close}>
        Cancel
      </button>
      <button
        type="button"
        class={props.danger ? "button button-danger" : "button button-primary"}
        data-testid={`${props.testid}-confirm`}
        disabled={busy}
        onClick={() => void confirm()}
      >
        {busy ? "One moment…" : props.verb}
      </button>
    </fieldset>
  );
}
