import { describe, expect, it } from 'vitest';
import { parseArp, readArp } from './arp.ts';

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
});
