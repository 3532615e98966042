import { describe, expect, it } from 'vitest';
import { drawInviteCode, formatInviteCode, INVITE_RANDOM_BYTES, parseInviteCode } from './invite-code.ts';

const CODE = drawInviteCode(Uint8Array.from({ length: INVITE_RANDOM_BYTES }, (_, i) => i * 7 + 224));
const TEXT = formatInviteCode(CODE);

describe('an invite code', () => {
  it('is read as it was written', () => {
    expect(TEXT).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(parseInviteCode(TEXT)).toEqual({ ok: true, value: CODE });
  });

  it('is read as people type it', () => {
    const zeros = formatInviteCode({ id: '0011', secret: '01'.repeat(9) });
    const typed = ` ${zeros.toLowerCase().replaceAll('0', 'o').replace('1', 'l').replace('1', 'I').replaceAll('-', ' ')}\n`;
    expect(parseInviteCode(typed)).toEqual({ ok: true, value: { id: '0011', secret: '01'.repeat(9) } });
    expect(parseInviteCode(`https://hub.example.com:8443#${TEXT}`)).toEqual({ ok: true, value: CODE });
  });

  it('with any one letter wrong is refused', () => {
    const letters = TEXT.replaceAll('-', '');
    for (let at = 0; at < letters.length; at++)
      for (const other of '0123456789ABCDEFGHJKMNPQRSTVWXYZ') {
        if (other === letters[at]) continue;
        expect(parseInviteCode(letters.slice(0, at) + other + letters.slice(at + 1)).ok).toBe(false);
      }
  });

  it('with two neighbours that changed places is refused', () => {
    const letters = TEXT.replaceAll('-', '');
    for (let at = 0; at + 1 < letters.length; at++) {
      const [a, b] = [letters.charAt(at), letters.charAt(at + 1)];
      if (a === b) continue;
      expect(parseInviteCode(letters.slice(0, at) + b + a + letters.slice(at + 2)).ok).toBe(false);
    }
  });

  it('says what is wrong with it', () => {
    expect(parseInviteCode(TEXT.slice(0, -1))).toEqual({ ok: false, error: 'a code has 24 letters, and this has 23' });
    expect(parseInviteCode(`U${TEXT.slice(1)}`)).toEqual({ ok: false, error: 'a code has no U in it' });
    expect(parseInviteCode('')).toEqual({ ok: false, error: 'a code has 24 letters, and this has 0' });
  });
});
