import { describe, expect, it } from 'vitest';
import { SampleClock } from '../../../test/support/sample-site.ts';
import { createArp, parseArp, readArp } from './arp.ts';

const table = `IP address       HW type     Flags       HW address            Mask     Device
10.0.0.5         0x1         0x2         52:54:00:12:34:56     *        eth0
10.0.0.6         0x1         0x0         00:00:00:00:00:00     *        eth0
10.0.0.7         0x1         0x6         52:54:00:00:00:07     *        eth0
10.0.0.5         0x1         0x0         00:00:00:00:00:00     *        wlan0
not a line
`;

describe('the neighbour table', () => {
  it('tells who answered and who did not', () => {
    expect([...parseArp(table)]).toEqual([
      ['10.0.0.5', { mac: '52:54:00:12:34:56', complete: true, device: 'eth0' }],
      ['10.0.0.6', { mac: '00:00:00:00:00:00', complete: false, device: 'eth0' }],
      ['10.0.0.7', { mac: '52:54:00:00:00:07', complete: true, device: 'eth0' }],
    ]);
  });

  it('is empty where there is nothing to read', async () => {
    expect(parseArp('').size).toBe(0);
    expect((await readArp('/nowhere/arp')).size).toBe(0);
  });

  it('is read after the question, and once for all who ask within 50 ms', async () => {
    const clock = new SampleClock();
    let readings = 0;
    const arp = createArp(clock, () => {
      readings += 1;
      return table;
    });
    const [one, other] = await Promise.all([arp.entries(), arp.entries()]);
    expect([readings, one === other, one.size]).toEqual([1, true, 3]);
    const later = Promise.all([arp.entries(), arp.entries()]);
    clock.pass(49);
    expect(readings).toBe(1);
    clock.pass(1);
    expect((await later)[0]).toEqual(one);
    expect(readings).toBe(2);
  });

  it('forgets a row that is gone, and sees one that changed', async () => {
    const known: Parameters<typeof parseArp>[1] = new Map();
    parseArp(table, known);
    const changed = table.replace('52:54:00:12:34:56', '52:54:00:12:34:57').replace(/^10.0.0.7.*\n/m, '');
    expect([...parseArp(changed, known).keys()]).toEqual(['10.0.0.5', '10.0.0.6']);
    expect(parseArp(changed, known)).toEqual(parseArp(changed));
  });
});
