import { describe, expect, it, test } from 'vitest';
import { redact, showable } from './redact.ts';

describe('a received line', () => {
  test.each([
    'Command line: talos.platform=metal talos.config=http://10.0.0.1/t/AbCdEf0123456789_-x/talos console=ttyS0',
    'fetching http://10.0.0.1/r/AbCdEf0123456789_-x/report failed',
    'talos.config.inline=AbCdEf0123456789_-x pti=on',
    'talos.config.early=AbCdEf0123456789_-x',
    'siderolink.api=https://omni.example.com?jointoken=AbCdEf0123456789_-x',
    '{"token": "AbCdEf0123456789_-x"}',
    'Authorization: Bearer AbCdEf0123456789_-x',
    'get https://user:AbCdEf0123456789_-x@example.com/a',
    'PASSWORD=AbCdEf0123456789_-x',
    'rootpassphrase: AbCdEf0123456789_-x',
    'registry_secret=AbCdEf0123456789_-x,other',
  ])('loses its secret: %s', (line) => {
    expect(redact(line)).not.toContain('AbCdEf0123456789_-x');
    expect(redact(line)).toContain('…');
  });

  test.each([
    'EXT4-fs error (device vda6): bad block',
    '[talos] phase install (4/7): 1 tasks(s)',
    'usb 1-1: device descriptor read/64, error -71',
    'GET http://10.0.0.1/nocloud/52-54-00-12-34-56/user-data: 503',
  ])('without one stays as it is: %s', (line) => {
    expect(redact(line)).toBe(line);
  });

  it('is shown without escapes for terminals, and cut', () => {
    expect(showable('a\u001b[2Jb\r\nc\u0007')).toBe('a [2Jb c');
    expect(showable('disk \u202Egnikrow\u2028 is\u200B fine')).toBe('disk  gnikrow  is  fine');
    expect(showable(`${'x '.repeat(199)}${'y'.repeat(9)}`)).toBe(`${'x '.repeat(199)}…`);
    expect(showable('x'.repeat(400))).toBe('x'.repeat(400));
    expect(showable('x'.repeat(500))).toBe('…');
  });
});
