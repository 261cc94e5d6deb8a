/** Keys of the console and what each one does. Shown in the sheet exactly as they are matched. */

export type Command =
  | "next"
  | "previous"
  | "open"
  | "claim"
  | "reply"
  | "note"
  | "resolve"
  | "takeBack"
  | "snooze"
  | "assign"
  | "tag"
  | "search"
  | "back"
  | "help";

export const SHORTCUTS: readonly { key: string; command: Command; words: string }[] = [
  { key: "j", command: "next", words: "Next conversation in the list" },
  { key: "k", command: "previous", words: "Previous conversation in the list" },
  { key: "Enter", command: "open", words: "Open the selected conversation" },
  { key: "c", command: "claim", words: "Claim or take over" },
  { key: "r", command: "reply", words: "Write a reply" },
  { key: "n", command: "note", words: "Write a note for the team" },
  { key: "e", command: "resolve", words: "Resolve" },
  { key: "z", command: "takeBack", words: "Take back the reply that is about to be sent" },
  { key: "s", command: "snooze", words: "Snooze" },
  { key: "a", command: "assign", words: "Assign to somebody" },
  { key: "t", command: "tag", words: "Add a tag" },
  { key: "/", command: "search", words: "Search all conversations" },
  { key: "u", command: "back", words: "Back to the list" },
  { key: "?", command: "help", words: "Show these shortcuts" },
];

export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  isComposing: boolean;
}

/** The command of a key press. `typing` is true in fields, `onControl` on buttons and links, where Enter is theirs. */
export function commandOf(press: Press, typing: boolean, onControl: boolean): Command | null {
  if (typing || press.isComposing || press.ctrlKey || press.metaKey || press.altKey) return null;
  if (press.key === "Enter" && onControl) return null;
  return SHORTCUTS.find((each) => each.key === press.key)?.command ?? null;
}

export type WritingCommand = "send" | "newLine" | "savedReplies" | "leave";

interface WritingKey {
  key: string;
  shift: boolean;
  command: WritingCommand;
  words: string;
}

/** Taken from what was typed, not from the press: on many keyboards it needs Shift. */
export const SAVED_REPLIES_KEY = "/";

export const WRITING: readonly WritingKey[] = [
  { key: "Enter", shift: false, command: "send", words: "Send" },
  { key: "Enter", shift: true, command: "newLine", words: "New line" },
  {
    key: SAVED_REPLIES_KEY,
    shift: false,
    command: "savedReplies",
    words: "Saved replies, at the start of a word",
  },
  { key: "Escape", shift: false, command: "leave", words: "Leave the text field" },
];

/** The command of a key press in a text field. Ctrl and Cmd change nothing; an input method keeps its keys. */
export function writingCommandOf(press: Press & { shiftKey: boolean }): WritingCommand | null {
  if (press.altKey || press.isComposing) return null;
  const found = WRITING.find(({ key, shift }) => key === press.key && shift === press.shiftKey);
  return found?.command ?? null;
}
