import { expect, it } from 'vitest';
import { type ListenEnvironment, passedSockets } from './systemd-sockets.ts';

it('finds the descriptors that systemd passes, with their names', () => {
  const env = { LISTEN_FDS: '3', LISTEN_PID: '42', LISTEN_FDNAMES: 'dhcp:dhcp-broadcast:' };
  expect(passedSockets(env, [42])).toEqual([
    { fd: 3, name: 'dhcp' },
    { fd: 4, name: 'dhcp-broadcast' },
    { fd: 5, name: 'unknown' },
  ]);
  expect(passedSockets(env, [7, 42]).length).toBe(3);
});

it.each<[ListenEnvironment, string]>([
  [{}, 'nothing is passed'],
  [{ LISTEN_FDS: '2', LISTEN_PID: '41' }, 'they are for another process'],
  [{ LISTEN_FDS: '2' }, 'nobody is named'],
  [{ LISTEN_FDS: '0', LISTEN_PID: '42' }, 'there are none'],
  [{ LISTEN_FDS: '-1', LISTEN_PID: '42' }, 'the number makes no sense'],
  [{ LISTEN_FDS: 'two', LISTEN_PID: '42' }, 'the number is none'],
])('takes none of %o: %s', (env) => {
  expect(passedSockets(env, [42])).toEqual([]);
});
