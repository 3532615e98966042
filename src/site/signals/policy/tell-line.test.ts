import { describe, expect, it, test } from 'vitest';
import { tellLine } from './tell-line.ts';

const line = (message: string, level: number) => tellLine({ message, level, facility: 'kern' });

describe('a line of the kernel log', () => {
  it('is told if it is a warning or worse', () => {
    expect(line('EXT4-fs error', 3)).toEqual({ kind: 'system-log', line: 'EXT4-fs error', level: 3 });
    expect(line('clocksource: unstable', 4)).toMatchObject({ level: 4 });
    expect(line('random: crng init done', 5)).toBeUndefined();
    expect(line('Command line: console=ttyS0', 6)).toBeUndefined();
  });

  test.each([
    ['[talos] phase install (4/7): 1 tasks(s)', 'phase', 'install'],
    ['[talos] install sequence: 7 phase(s)', 'sequence', 'install'],
    ['[talos] boot sequence: 20 phase(s)', 'sequence', 'boot'],
  ])('of Talos tells how far it is: %s', (message, what, stage) => {
    expect(line(message, 4)).toEqual({ kind: 'talos-event', what, stage, failed: false });
  });

  test.each([
    '[talos] phase install (4/7): done, 12.1s',
    '[talos] boot sequence: done: 12.1s',
    '[talos] task install (1/1): starting',
    '[talos] service[apid](Running): Health check successful',
  ])('of Talos is no warning only because its level says so: %s', (message) => {
    expect(line(message, 4)).toBeUndefined();
  });

  it('of Talos is told if its words say that something failed', () => {
    const message =
      '[talos] controller failed {"controller": "config.AcquireController", "error": "http://10.0.0.1/t/abcdefgh12/talos: 503"}';
    expect(line(message, 4)).toEqual({
      kind: 'system-log',
      line: message.replace('abcdefgh12', '…'),
      level: 4,
    });
  });
});
