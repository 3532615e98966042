import { describe, expect, it } from 'vitest';
import { decodeEvent } from './decode-event.ts';
import {
  ConfigLoadErrorEvent,
  MachineStatusEvent,
  PhaseEvent,
  SequenceEvent,
  ServiceStateEvent,
  MachineStatusEvent_MachineStage as Stage,
} from './gen/talos-events.ts';

/** As Talos names its types. */
const url = (name: string): string => `talos/runtime/machine.${name}`;

describe('an event of Talos', () => {
  it('is read by the last word of its type', () => {
    const running = MachineStatusEvent.encode({ stage: Stage.RUNNING, status: { ready: false } }).finish();
    const expected = { kind: 'machine', stage: 'running', ready: false };
    expect(decodeEvent(url('MachineStatusEvent'), running)).toEqual(expected);
    expect(decodeEvent('type.googleapis.com/machine.MachineStatusEvent', running)).toEqual(expected);
    const off = MachineStatusEvent.encode({ stage: Stage.SHUTTING_DOWN, status: undefined }).finish();
    expect(decodeEvent(url('MachineStatusEvent'), off)).toEqual({
      kind: 'machine',
      stage: 'shutting-down',
      ready: false,
    });
  });

  it('has the numbers of Talos on the wire', () => {
    // Field 1 "install", field 2 START; then an error with field 2 "no disk" in field 3.
    const phase = Uint8Array.of(0x0a, 7, ...Buffer.from('install'));
    expect(decodeEvent(url('PhaseEvent'), phase)).toEqual({ kind: 'phase', name: 'install', begins: true });
    const sequence = Uint8Array.of(
      0x0a,
      4,
      ...Buffer.from('boot'),
      0x10,
      2,
      0x1a,
      9,
      0x12,
      7,
      ...Buffer.from('no disk'),
    );
    expect(decodeEvent(url('SequenceEvent'), sequence)).toEqual({
      ...{ kind: 'sequence', name: 'boot', error: 'no disk', begins: false },
    });
    const service = Uint8Array.of(0x0a, 4, ...Buffer.from('etcd'), 0x10, 6, 0x1a, 1, 0x78, 0x22, 0);
    expect(decodeEvent(url('ServiceStateEvent'), service)).toEqual({
      ...{ kind: 'service', name: 'etcd', message: 'x', failed: true },
    });
  });

  it('goes there and back', () => {
    const bytes = {
      SequenceEvent: SequenceEvent.encode({ sequence: 'install', action: 1, error: undefined }).finish(),
      PhaseEvent: PhaseEvent.encode({ phase: 'install', action: 1 }).finish(),
      ServiceStateEvent: ServiceStateEvent.encode({ service: 'apid', action: 3, message: 'up' }).finish(),
      ConfigLoadErrorEvent: ConfigLoadErrorEvent.encode({ error: 'no' }).finish(),
      ConfigValidationErrorEvent: ConfigLoadErrorEvent.encode({ error: 'bad' }).finish(),
    };
    expect(Object.entries(bytes).map(([name, value]) => decodeEvent(url(name), value))).toEqual([
      { kind: 'sequence', name: 'install', error: undefined, begins: true },
      { kind: 'phase', name: 'install', begins: false },
      { kind: 'service', name: 'apid', message: 'up', failed: false },
      { kind: 'config-error', error: 'no' },
      { kind: 'config-error', error: 'bad' },
    ]);
  });

  it('tells nothing if its type is another, and is refused if it is broken', () => {
    for (const name of ['TaskEvent', 'AddressEvent', 'toString'])
      expect(decodeEvent(url(name), Uint8Array.of(1))).toBeUndefined();
    expect(() => decodeEvent(url('PhaseEvent'), Uint8Array.of(0x0a, 200))).toThrow();
  });
});
