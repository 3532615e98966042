import { err, ok, type Result } from '../../kernel/result.ts';

/** Crockford's base 32: no I, L, O or U, so that a code survives handwriting and a telephone. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ID_LETTERS = 4;
/** 90 bits: nobody guesses that, at any rate. */
const SECRET_LETTERS = 18;
const CHECK_LETTERS = 2;
const ALL_LETTERS = ID_LETTERS + SECRET_LETTERS + CHECK_LETTERS;
export const INVITE_RANDOM_BYTES = ID_LETTERS + SECRET_LETTERS;
/** The largest prime that two letters can hold: it finds each wrong letter, and each two that changed places. */
const CHECK_MODULUS = 1021;

/** What a one-time code says: which invite, and the secret that is proved and never sent. Both in capital letters of base 32. */
export type InviteCode = { readonly id: string; readonly secret: string };

/** A new code out of INVITE_RANDOM_BYTES random bytes. */
export function drawInviteCode(random: Uint8Array): InviteCode {
  const letters = [...random].map((byte) => letterOf(byte % LETTERS.length)).join('');
  return { id: letters.slice(0, ID_LETTERS), secret: letters.slice(ID_LETTERS, ID_LETTERS + SECRET_LETTERS) };
}

/** As people read it: `K7PW-…`, six groups of four. */
export function formatInviteCode({ id, secret }: InviteCode): string {
  const letters = `${id}${secret}`;
  return `${letters}${checkLetters(letters)}`.replace(/.{4}(?=.)/g, '$&-');
}

/**
 * Reads a code as people type it: any case, with blanks and hyphens anywhere, O for 0, I and L for 1. What stands before
 * a `#`, as in the picture of a code, is skipped. Fails with a sentence that says what is wrong with it.
 */
export function parseInviteCode(text: string): Result<InviteCode, string> {
  const letters = (text.split('#').at(-1) ?? '')
    .toUpperCase()
    .replace(/[\s-]/g, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  const strange = [...letters].find((letter) => !LETTERS.includes(letter));
  if (strange !== undefined) return err(`a code has no ${strange} in it`);
  if (letters.length !== ALL_LETTERS) return err(`a code has ${ALL_LETTERS} letters, and this has ${letters.length}`);
  const payload = letters.slice(0, -CHECK_LETTERS);
  if (letters.slice(-CHECK_LETTERS) !== checkLetters(payload))
    return err('a letter of the code is wrong, or two have changed places: compare it with what is written');
  return ok({ id: payload.slice(0, ID_LETTERS), secret: payload.slice(ID_LETTERS) });
}

function checkLetters(letters: string): string {
  const sum = [...letters].reduce((rest, letter) => (rest * 32 + LETTERS.indexOf(letter)) % CHECK_MODULUS, 0);
  return `${letterOf(sum >> 5)}${letterOf(sum & 31)}`;
}

function letterOf(value: number): string {
  return LETTERS[value] ?? '';
}
