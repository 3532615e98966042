import { expect, it } from 'vitest';
import { formatInviteCode } from '../../wire/link/invite-code.ts';
import { parseInvites } from './invites.ts';

const CODE = formatInviteCode({ id: 'K7PW', secret: '0123456789ABCDEFGH' });

it('reads names and codes, as people write them down', () => {
  const text = `# of today\nstore-1 ${CODE}\n\n  store-2\t${CODE.toLowerCase().replaceAll('-', ' ')}  \n`;
  expect(parseInvites(text, 'invites')).toEqual([
    { site: 'store-1', code: CODE },
    { site: 'store-2', code: CODE.toLowerCase().replaceAll('-', ' ') },
  ]);
});

it('names the line that is wrong', () => {
  expect(() => parseInvites(`store-1 ${CODE}\nstore-2 K7PW\n`, 'invites')).toThrow('invites:2: a code has 24 letters');
  expect(() => parseInvites('store-1\n', 'invites')).toThrow('invites:1:');
});
