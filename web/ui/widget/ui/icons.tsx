// One set of line icons on a 24-pixel grid, in the colour of the text around them.

const paths = {
  chat: "M12 3.5c-5 0-9 3.4-9 7.7 0 2.4 1.3 4.6 3.3 6l-.8 3.3 3.9-1.9c.8.2 1.7.3 2.6.3 5 0 9-3.4 9-7.7s-4-7.7-9-7.7Z",
  close: "M6 6l12 12M18 6 6 18",
  down: "m6 9.5 6 6 6-6",
  left: "m14.5 6-6 6 6 6",
  right: "m9.5 6 6 6-6 6",
  send: "M12 19V5.5M6 11l6-6 6 6",
  clip: "m20 11.5-8 8a5.2 5.2 0 0 1-7.4-7.4l8.2-8.2a3.5 3.5 0 0 1 5 5l-8.2 8.2a1.8 1.8 0 0 1-2.5-2.5l7.5-7.5",
  more: "M12 6v.01M12 12v.01M12 18v.01",
  check: "m5 12.5 4.5 4.5L19 7.5",
  clock: "M12 7v5l3 2M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z",
  alert: "M12 8v5M12 16v.01M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.3-5.4L19.5 9M19.5 4v5h-5",
  file: "M14 3.5H7A1.5 1.5 0 0 0 5.5 5v14A1.5 1.5 0 0 0 7 20.5h10a1.5 1.5 0 0 0 1.5-1.5V8L14 3.5Zm0 0V8h4.5",
  image: "M5 4.5h14A1.5 1.5 0 0 1 20.5 6v12a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 18V6A1.5 1.5 0 0 1 5 4.5ZM4 17l4.5-4.5 3 3 4-4.5 4.5 5M9 9v.01",
  download: "M12 4v11M7 10.5l5 5 5-5M5 19.5h14",
  out: "M9 6h9v9M18 6 6.5 17.5",
  leaf: "M5 19c1-7 5-10 10-11M5.5 16C3.5 9 9 4.5 19.5 4.5 20 14 14.5 19.5 8 17.5",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** Filled, not drawn: a rating is read at a glance. */
export function Star() {
  return (
    <svg class="star" viewBox="0 0 24 24" aria-hidden="true">
      <path d="m12 2.8 2.85 5.9 6.45.9-4.7 4.5 1.15 6.4L12 17.4l-5.75 3.1L7.4 14.1 2.7 9.6l6.45-.9L12 2.8Z" />
    </svg>
  );
}
