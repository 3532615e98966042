import { describe, expect, test } from 'vitest';
import { type TalosEvent, tellEvent } from './tell-event.ts';

const told: readonly (readonly [TalosEvent, object | undefined])[] = [
  [
    { kind: 'sequence', name: 'boot', error: undefined, begins: true },
    { what: 'sequence', stage: 'boot', failed: false },
  ],
  [{ kind: 'sequence', name: 'boot', error: undefined, begins: false }, undefined],
  [
    { kind: 'sequence', name: 'install', error: 'no disk', begins: false },
    { what: 'sequence', stage: 'install: no disk', failed: true },
  ],
  [
    { kind: 'phase', name: 'install', begins: true },
    { what: 'phase', stage: 'install', failed: false },
  ],
  [{ kind: 'phase', name: 'install', begins: false }, undefined],
  [{ kind: 'service', name: 'etcd', failed: false, message: 'up' }, undefined],
  [
    { kind: 'service', name: 'etcd', failed: true, message: 'exit 1' },
    { what: 'service', stage: 'etcd: exit 1', failed: true },
  ],
  [
    { kind: 'config-error', error: 'bad token=abcdefgh' },
    { what: 'config-error', stage: 'bad token=…', failed: true },
  ],
  [
    { kind: 'machine', stage: 'installing', ready: false },
    { what: 'machine', stage: 'installing', failed: false },
  ],
  [
    { kind: 'machine', stage: 'running', ready: false },
    { what: 'running', stage: 'running', failed: false },
  ],
];

describe('an event of Talos', () => {
  test.each(told)('%o', (event, expected) => {
    expect(tellEvent(event)).toEqual(expected && { kind: 'talos-event', ...expected });
  });
});
