import type { Motif } from "@baton/shared/types";
import type { VNode } from "preact";

/* Drawn in three tones of the product's hue (--tone-1 dark to --tone-3 light), on a 200 × 200 field. */

const GROUND = <ellipse class="tone-shadow" cx="100" cy="166" rx="66" ry="7" />;

const MOTIFS: Record<Motif, VNode> = {
  tent: (
    <>
      {GROUND}
      <path class="tone-2" d="M28 164 96 52l76 112Z" />
      <path class="tone-1" d="M96 52 62 164h52Z" />
      <path class="tone-3" d="M96 52 78 164h22Z" />
      <path class="line" d="M96 52l-3-10M28 164l-12 2M172 164l12 2M96 52l76 112M96 52 28 164" />
    </>
  ),
  pack: (
    <>
      {GROUND}
      <path class="line" d="M84 46c0-16 32-16 32 0" />
      <rect class="tone-2" x="58" y="46" width="84" height="118" rx="22" />
      <path class="tone-1" d="M58 72c0-18 10-26 24-26h36c14 0 24 8 24 26v12H58Z" />
      <rect class="tone-3" x="72" y="104" width="56" height="44" rx="10" />
      <path
        class="tone-1"
        d="M46 96c-6 4-8 12-8 24s3 22 8 24h12V96ZM154 96c6 4 8 12 8 24s-3 22-8 24h-12V96Z"
      />
      <path class="line" d="M82 84v20M118 84v20M72 120h56" />
    </>
  ),
  boot: (
    <>
      {GROUND}
      <path class="tone-2" d="M62 44h48l4 56c18 6 38 12 46 24 5 8 6 16 6 24H58c-4-34 6-68 4-104Z" />
      <path class="tone-3" d="M62 44h48l1 16H62Z" />
      <path class="tone-1" d="M56 146h112c2 10 0 18-4 18H60c-5 0-6-10-4-18Z" />
      <path class="tone-3" d="M136 112c12 4 20 8 24 14 3 5 5 12 6 20h-26c0-14-2-24-4-34Z" />
      <path class="line" d="M92 74h19M93 88h20M96 102h22M104 114h24" />
    </>
  ),
  jacket: (
    <>
      {GROUND}
      <path
        class="tone-1"
        d="M58 66c-14 10-20 50-22 88l22 6 12-58ZM142 66c14 10 20 50 22 88l-22 6-12-58Z"
      />
      <path class="tone-2" d="M78 48h44c14 4 22 10 24 22l-6 94H60l-6-94c2-12 10-18 24-22Z" />
      <path class="tone-1" d="M78 50c0-24 44-24 44 0-6 14-38 14-44 0Z" />
      <path class="tone-3" d="M84 50c0-14 32-14 32 0-4 8-28 8-32 0Z" />
      <path class="line" d="M100 62v102M70 122l18-6M130 122l-18-6" />
    </>
  ),
  stove: (
    <>
      {GROUND}
      <path
        class="tone-3"
        d="M82 92c-6-14 6-22 6-36 14 8 14 18 12 24 6-4 6-8 6-12 12 8 16 16 12 24Z"
      />
      <rect class="tone-1" x="66" y="92" width="68" height="9" rx="4.5" />
      <path class="line" d="M72 92 60 78M128 92l12-14M54 78h16M130 78h16" />
      <rect class="tone-1" x="92" y="100" width="16" height="16" />
      <path
        class="tone-2"
        d="M70 122c0-6 6-10 14-10h32c8 0 14 4 14 10v34c0 6-4 8-10 8H80c-6 0-10-2-10-8Z"
      />
      <rect class="tone-3" x="70" y="130" width="60" height="16" />
    </>
  ),
  bottle: (
    <>
      {GROUND}
      <path class="line" d="M90 36c0-12 20-12 20 0" />
      <rect class="tone-1" x="82" y="36" width="36" height="20" rx="6" />
      <path
        class="tone-2"
        d="M86 56h28c2 12 16 16 16 34v58c0 12-6 16-14 16H84c-8 0-14-4-14-16V90c0-18 14-22 16-34Z"
      />
      <path class="tone-3" d="M70 104h60v30H70Z" />
      <path class="line" d="m84 126 10-14 6 8 5-6 10 12" />
    </>
  ),
  lamp: (
    <>
      {GROUND}
      <path class="line" d="M66 66c0-44 68-44 68 0" />
      <rect class="tone-1" x="68" y="58" width="64" height="16" rx="7" />
      <path class="tone-3" d="M76 74h48l6 56H70Z" />
      <path class="tone-glow" d="M100 84c12 14 16 22 16 29a16 16 0 0 1-32 0c0-7 4-15 16-29Z" />
      <path class="tone-2" d="M64 130h72l5 26c1 6-2 8-7 8H66c-5 0-8-2-7-8Z" />
      <circle class="tone-3" cx="100" cy="147" r="6" />
    </>
  ),
  mat: (
    <>
      {GROUND}
      <path class="tone-2" d="M70 78h98c8 0 12 6 12 14v60c0 8-4 12-12 12H70Z" />
      <path class="line" d="M112 78v86M134 78v86M156 78v86" />
      <circle class="tone-1" cx="70" cy="121" r="43" />
      <path
        class="line line-light"
        d="M70 121c0-6 9-6 9 1 0 9-17 10-18-2-1-14 24-17 28 0 3 18-33 25-40 3-6-25 34-37 50-9"
      />
      <path class="tone-3" d="M118 78h12v86h-12Z" />
    </>
  ),
};

export function ProductArt({ hue, motif }: { hue: number; motif: Motif }): VNode {
  return (
    <svg
      class="art"
      viewBox="0 0 200 200"
      style={{ "--hue": String(hue) }}
      aria-hidden="true"
      focusable="false"
    >
      {MOTIFS[motif] ?? MOTIFS.pack}
    </svg>
  );
}

/** Ridges at dawn, back to front. */
export function Ridges(): VNode {
  return (
    <svg
      class="ridges"
      viewBox="0 0 1440 420"
      preserveAspectRatio="xMidYMax slice"
      aria-hidden="true"
    >
      <circle class="sun" cx="1040" cy="170" r="74" />
      <path
        class="ridge-1"
        d="M0 250 150 176l92 48 138-112 104 86 76-40 150 104 132-78 96 56 168-132 110 92 92-44 132 84v220H0Z"
      />
      <path
        class="ridge-2"
        d="M0 318 118 262l110 44 164-92 126 84 98-34 150 72 140-86 120 60 148-74 122 70 144-46v170H0Z"
      />
      <path
        class="ridge-3"
        d="M0 372l168-48 152 40 190-58 172 52 160-38 178 44 160-50 260 46v60H0Z"
      />
    </svg>
  );
}

export function Logo(): VNode {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
      <rect class="logo-field" width="32" height="32" rx="9" />
      <path class="logo-peak" d="M4.5 24 13 9.5l5 8 3-4 6.5 10.5Z" />
    </svg>
  );
}
