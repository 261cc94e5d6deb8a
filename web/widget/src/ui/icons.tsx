import type { VNode } from "preact";

function icon(path: string, size = 20) {
  return (): VNode => (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}

export const ChatIcon = icon(
  "M4.5 5.5h15a1.5 1.5 0 0 1 1.5 1.5v9a1.5 1.5 0 0 1-1.5 1.5H12l-4.5 3.5v-3.5h-3A1.5 1.5 0 0 1 3 16V7a1.5 1.5 0 0 1 1.5-1.5ZM8 10h8M8 13.5h5",
  26,
);
export const DownIcon = icon("M6 9.5l6 6 6-6", 26);
export const CloseIcon = icon("M6.5 6.5l11 11M17.5 6.5l-11 11");
export const BackIcon = icon("M14.5 5.5L8 12l6.5 6.5");
export const MenuIcon = icon("M4 7h16M4 12h16M4 17h10");
export const SendIcon = icon("M12 19V5.5M6 11l6-6 6 6");
export const PenIcon = icon("M5 19l.8-3.8L16 5l3 3L8.8 18.2 5 19ZM14 7l3 3", 18);
export const PageIcon = icon("M7 3.8h7l4 4v12.4H7V3.8ZM13.8 4v4.2H18M10 12.5h5M10 16h5", 16);
export const SparkIcon = icon(
  "M12 4c.7 4.4 2.6 6.3 7 8-4.4 1.7-6.3 3.6-7 8-.7-4.4-2.6-6.3-7-8 4.4-1.7 6.3-3.6 7-8Z",
  13,
);
export const OutIcon = icon("M14 5h5v5M19 5l-8 8M17 14v4.5H5.5V7H10", 16);
