/** What the buttons of the page are called, here and in every sentence that names one. */
export const BUTTONS = {
  arm: 'This is a new store',
  claim: 'Put a machine here',
  replace: 'Replace the machine',
  release: 'Empty this slot',
  reinstall: 'Install again',
  hold: 'Put on hold',
  unhold: 'End the hold',
  confirm: 'Say that it is installed',
} as const;

/** The words of a terminal, and what a person with a phone does instead. The first row that fits is the one. */
const COMMANDS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/slipway arm\b/g, button(BUTTONS.arm)],
  [/slipway hold [\w-]+ --off/g, button(BUTTONS.unhold)],
  [/slipway hold( SLOT)?\b/g, button(BUTTONS.hold)],
  [/slipway claim( CODE [\w-]+| [A-Z0-9]{4} [\w-]+)?/g, button(BUTTONS.claim)],
  [/slipway replace [\w-]+ (CODE|[A-Z0-9]{4})/g, button(BUTTONS.replace)],
  [/slipway release( [\w-]+)?/g, button(BUTTONS.release)],
  [/slipway reinstall [\w-]+( --wipe)?/g, button(BUTTONS.reinstall)],
  [/slipway confirm [\w-]+/g, button(BUTTONS.confirm)],
  [/slipway events( --[\w-]+ [\w-]+)*/g, 'the timeline of its slot'],
  [/slipway (nodes?|status)( SLOT)?/g, 'this page'],
  [/look at slipway doctor/gi, 'ask head office'],
  // What is left is for whoever has a terminal.
  [/slipway [\w-]+( --?[\w-]+| [A-Z]{3,})*/g, 'head office'],
];

/** Words of events, for somebody who knows machines by what is written on them. */
const WORDS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/ \((?:[0-9a-f]{2}:){5}[0-9a-f]{2}\)/g, ''],
  [/in place of m\d+/g, 'in place of the one before'],
  [/is fenced off/g, 'can fill no slot any more'],
  [/\btype (?=“)/g, 'press '],
  [/\b(by|says) page\b/g, 'from this page'],
  [/\b(by|says) cli\b/g, 'from the terminal of the site'],
];

function button(label: string): string {
  return `“${label}”`;
}

/** A sentence of the site without the words of a terminal, beginning with a capital letter. */
export function plain(sentence: string): string {
  const unquoted = sentence.replaceAll('`', '').trim();
  return capital(
    [...COMMANDS, ...WORDS].reduce((text, [pattern, instead]) => text.replace(pattern, instead), unquoted),
  );
}

/** As `plain`, and with a full stop. */
export function plainSentence(sentence: string): string {
  const said = plain(sentence);
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

/** With a capital letter at its beginning, unless that is a name such as `pos-1`. */
export function capital(text: string): string {
  return text.replace(/^[a-z](?=[a-z']*([\s,.:;]|$))/, (letter) => letter.toUpperCase());
}
