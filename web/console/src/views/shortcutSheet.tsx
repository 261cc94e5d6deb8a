import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { SHORTCUTS, WRITING } from "../state/shortcuts.ts";
import { sheetOpen } from "../stores/page.ts";
import { Icon } from "./icons.tsx";

const WHILE_WRITING = WRITING.map(({ key, shift, words }) => ({
  key: shift ? `Shift + ${key}` : key,
  words,
}));

export function ShortcutSheet(): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-labelledby="shortcuts-title"
      onClose={() => {
        sheetOpen.value = false;
      }}
    >
      <header>
        <h2 id="shortcuts-title">Keyboard shortcuts</h2>
        <button
          type="button"
          class="icon-button"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          <Icon name="close" />
        </button>
      </header>
      <KeyTable caption="Anywhere" keys={SHORTCUTS} />
      <KeyTable caption="While writing" keys={WHILE_WRITING} />
    </dialog>
  );
}

function KeyTable(props: {
  caption: string;
  keys: readonly { key: string; words: string }[];
}): VNode {
  return (
    <table>
      <caption>{props.caption}</caption>
      <tbody>
        {props.keys.map(({ key, words }) => (
          <tr key={key}>
            <th scope="row">
              <kbd>{key}</kbd>
            </th>
            <td>{words}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
