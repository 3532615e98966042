import { describe, expect, test } from 'vitest';
import { tied } from './command.ts';
import { namespaceArgv } from './namespace.ts';
import { bridgeMac } from './network.ts';

describe('namespaces', () => {
  test('a user gets a user namespace around the others, root does not', () => {
    expect(namespaceArgv(['node', 'x'], false).slice(0, 4)).toEqual(['unshare', '--user', '--map-root-user', '--net']);
    expect(namespaceArgv(['node', 'x'], true)).not.toContain('--user');
  });

  test('the command comes last and unchanged', () => {
    expect(namespaceArgv(['node', 'a b', '$(c)'], true).slice(-3)).toEqual(['node', 'a b', '$(c)']);
  });

  test('a tied command dies with its parent', () => {
    expect(tied(['sleep', '1'])).toEqual(['setpriv', '--pdeathsig', 'KILL', '--', 'sleep', '1']);
  });

  test('a bridge keeps an address that is locally administered and no group', () => {
    expect(bridgeMac('br0')).toMatch(/^02:5b(:[0-9a-f]{2}){4}$/);
    expect(bridgeMac('br0')).not.toBe(bridgeMac('br1'));
  });
});
