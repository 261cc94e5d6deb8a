/** Choices of this browser: theme and sound. Kept in localStorage; a forbidden storage just forgets them. */

import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";

const THEMES: readonly Theme[] = ["auto", "light", "dark"];

function stored(key: string): string | null {
  try {
    return localStorage.getItem(`baton.console.${key}`);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(`baton.console.${key}`, value);
  } catch {
    // Forgotten on reload, which is all a blocked storage allows.
  }
}

export const theme = signal<Theme>(THEMES.find((each) => each === stored("theme")) ?? "auto");
export const sound = signal(stored("sound") === "on");

const HOLD_SECONDS = 4;

/** How long a reply can be taken back; "hold" in this browser's storage says otherwise, 0 is not at all. */
export function holdMs(): number {
  const seconds = Number(stored("hold") ?? HOLD_SECONDS);
  return Number.isFinite(seconds) ? seconds * 1000 : HOLD_SECONDS * 1000;
}

/** On a phone the open brief would hide the messages it is about. */
const roomForBrief = matchMedia("(min-width: 901px)").matches;
export const briefOpen = signal((stored("brief") ?? (roomForBrief ? "open" : "closed")) === "open");

effect(() => {
  if (theme.value === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme.value);
  store("theme", theme.value);
});
effect(() => store("sound", sound.value ? "on" : "off"));

/** Kept only once chosen, so that the room on screen decides until then. */
export function foldBrief(): void {
  briefOpen.value = !briefOpen.peek();
  store("brief", briefOpen.peek() ? "open" : "closed");
}

let audio: AudioContext | null = null;

/** Two soft notes for a new handoff. Browsers refuse sound before the first click: then it stays silent. */
export function chime(): void {
  if (!sound.peek()) return;
  audio ??= new AudioContext();
  const start = audio.currentTime;
  for (const [at, pitch] of [
    [0, 660],
    [0.14, 880],
  ] as const) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start + at);
    volume.gain.exponentialRampToValueAtTime(0.06, start + at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + at + 0.22);
    tone.connect(volume).connect(audio.destination);
    tone.start(start + at);
    tone.stop(start + at + 0.25);
  }
}
