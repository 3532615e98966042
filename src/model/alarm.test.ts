import { describe, expect, it } from 'vitest';
import { ALARM_FOR_MS, type Alarm, addAlarm, recentAlarms } from './alarm.ts';
import type { Event, EventType } from './event.ts';

const T0 = 1_700_000_000_000;

function event(seq: number, type: EventType, address: string, at = T0 + seq): Event {
  return { epoch: 'e', version: 1, seq, type, at, sentence: `${type} ${seq}`, data: { address } };
}

const fold = (...events: readonly Event[]): readonly Alarm[] => events.reduce<readonly Alarm[]>(addAlarm, []);

describe('alarms', () => {
  it('are one for each kind and source, counted, the newest first', () => {
    const alarms = fold(
      event(1, 'secret-refused', '10.0.0.7'),
      event(2, 'secret-refused', '10.0.0.8'),
      event(3, 'node-enrolled', '10.0.0.7'),
      event(4, 'secret-refused', '10.0.0.7'),
      event(5, 'address-conflict', '10.0.0.7'),
    );
    expect(alarms.map(({ type, about, count, sentence }) => [type, about, count, sentence])).toEqual([
      ['address-conflict', '10.0.0.7', 1, 'address-conflict 5'],
      ['secret-refused', '10.0.0.7', 2, 'secret-refused 4'],
      ['secret-refused', '10.0.0.8', 1, 'secret-refused 2'],
    ]);
    expect(alarms.every(({ toDo }) => toDo !== '' && !toDo.endsWith('.'))).toBe(true);
  });

  it('end when what they are about is well again', () => {
    const about = (file: string) => ({ data: { file } });
    const damaged = (seq: number, file: string): Event => ({ ...event(seq, 'file-damaged', ''), ...about(file) });
    const healed: Event = { ...event(3, 'file-healed', ''), ...about('a') };
    expect(fold(damaged(1, 'a'), damaged(2, 'b'), healed).map(({ about: file }) => file)).toEqual(['b']);
    expect(fold(event(1, 'disk-short', ''), event(2, 'disk-has-room', ''))).toEqual([]);
  });

  it('are at most twenty, and of the last day', () => {
    const alarms = fold(...Array.from({ length: 40 }, (_, n) => event(n, 'secret-refused', `10.0.0.${n}`)));
    expect(alarms).toHaveLength(20);
    expect(recentAlarms(alarms, T0 + 39 + ALARM_FOR_MS)).toEqual([]);
    expect(recentAlarms(alarms, T0 + 38 + ALARM_FOR_MS)).toHaveLength(1);
  });

  it('count anew after a day', () => {
    const [alarm] = fold(
      event(1, 'secret-refused', '10.0.0.7'),
      event(2, 'secret-refused', '10.0.0.7', T0 + ALARM_FOR_MS + 1),
    );
    expect(alarm?.count).toBe(1);
  });
});
