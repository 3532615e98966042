import { describe, expect, it } from 'vitest';
import { ip, mac, NETWORK } from '../../../../test/packets/world.ts';
import type { Findings } from '../../../model/dhcp-role.ts';
import type { Noted, Sight } from './findings.ts';
import { concludeRole, forgetOld, MOST_SERVERS, NOTHING_FOUND, noteServer, setRole } from './findings.ts';

const HOUR = 3_600_000;
const ROUTER: Sight = { address: ip('10.7.0.2'), how: 'offer', mac: mac('f4:f2:6d:00:00:02'), maker: 'TP-LINK', at: 1 };
const leasing = { network: NETWORK, role: 'authoritative', mayTell: true } as const;
const beside = { ...leasing, role: 'proxy' } as const;
const told = ({ events }: Noted) => events.map(({ sentence }) => sentence);
const note = (sights: readonly Sight[], about = leasing as Parameters<typeof noteServer>[2]): Noted =>
  sights.reduce<Noted>((noted, sight) => noteServer(noted.findings, sight, about), {
    ...{ findings: NOTHING_FOUND, events: [], isNews: false },
  });

describe('another server', () => {
  it('is told of once, with address, MAC and maker', () => {
    const first = note([ROUTER]);
    expect(told(first)).toEqual([
      'Another DHCP server leases addresses in network nodes: 10.7.0.2, MAC f4:f2:6d:00:00:02, made by TP-LINK. Until it is gone, only machines that fit a slot are served here.',
    ]);
    expect(first.events[0]?.data).toMatchObject({ remote: '10.7.0.2 f4:f2:6d:00:00:02', how: 'offer' });
    const again = noteServer(first.findings, { ...ROUTER, at: 2 }, leasing);
    expect([told(again), again.isNews]).toEqual([[], false]);
  });

  it('with another MAC is another one', () => {
    const [only, ...more] = note([ROUTER, { ...ROUTER, mac: mac('f4:f2:6d:00:00:03'), at: 5 }]).findings.servers;
    expect([only?.mac, only?.firstAt, more]).toEqual(['f4:f2:6d:00:00:03', 5, []]);
    expect(told(note([ROUTER, { ...ROUTER, mac: mac('f4:f2:6d:00:00:03') }]))).toHaveLength(1);
  });

  it('keeps its MAC and the best that was seen of it when it is only heard of', () => {
    const { findings, events } = note([ROUTER, { address: ROUTER.address, how: 'request', at: 2 }]);
    expect(findings.servers).toEqual([{ ...ROUTER, firstAt: 1, lastAt: 2, told: true, at: undefined }].map(dropAt));
    expect(events).toEqual([]);
  });

  it('is not told of where the template names it, by address or by MAC', () => {
    for (const known of [ROUTER.address, mac('f4:f2:6d:00:00:02')])
      expect(told(note([ROUTER], { ...leasing, network: { ...NETWORK, otherServers: [known] } }))).toEqual([]);
  });

  it('is no news where it leases beside us, but one that tells machines what to boot is', () => {
    expect(told(note([ROUTER], beside))).toEqual([]);
    expect(told(note([{ ...ROUTER, how: 'proxy-offer' }], beside))).toEqual([
      'Another DHCP server tells machines what to boot in network nodes: 10.7.0.2, MAC f4:f2:6d:00:00:02, made by TP-LINK.',
    ]);
  });

  it('is told of later if too much was told already', () => {
    const silent = note([ROUTER], { ...leasing, mayTell: false });
    expect(told(silent)).toEqual([]);
    expect(told(noteServer(silent.findings, ROUTER, leasing))).toHaveLength(1);
  });

  it('is written down when it is new, and then seldom', () => {
    const { findings } = note([ROUTER]);
    const at = (ms: number): boolean => noteServer(findings, { ...ROUTER, at: 1 + ms }, leasing).isNews;
    expect([at(60_000), at(HOUR), at(-HOUR)]).toEqual([false, true, true]);
  });

  it('is one of a few: who makes up servers fills no memory', () => {
    const many = Array.from({ length: 100 }, (_, i): Sight => ({ address: ip(`10.7.1.${i}`), how: 'request', at: i }));
    expect(note(many).findings.servers).toHaveLength(MOST_SERVERS);
  });

  it('that answers us itself is known however many were made up before', () => {
    const many = Array.from({ length: 100 }, (_, i): Sight => ({ address: ip(`10.7.1.${i}`), how: 'request', at: i }));
    const { findings, events } = note([...many, ROUTER]);
    expect([findings.servers.length, findings.servers.at(-1)?.address]).toEqual([MOST_SERVERS, ROUTER.address]);
    expect(events[0]?.sentence).toContain('TP-LINK');
    const real = many.map((sight): Sight => ({ ...sight, how: 'offer' }));
    expect(note([...real, ROUTER]).findings.servers.map(({ address }) => address)).not.toContain(ROUTER.address);
  });

  it('is forgotten after a week', () => {
    const { findings } = note([ROUTER]);
    expect(forgetOld(findings, NETWORK, 6 * 24 * HOUR)).toBeUndefined();
    expect(forgetOld(findings, NETWORK, 8 * 24 * HOUR)?.findings.servers).toEqual([]);
  });
});

describe('the role of a network of mode auto', () => {
  it('is what was found, and is told', () => {
    const alone = concludeRole(NOTHING_FOUND, 'nodes', false, 9);
    expect([alone.findings.role, told(alone)]).toEqual([
      { role: 'authoritative', at: 9, by: 'the site' },
      [
        'In network nodes no other DHCP server leases: the site does. It stays so until slipway dhcp-mode or the template says otherwise.',
      ],
    ]);
    expect(concludeRole(NOTHING_FOUND, 'nodes', true, 9).findings.role?.role).toBe('proxy');
  });

  it('is what a person says, keeps the servers, and may be found out anew', () => {
    const { findings } = note([ROUTER]);
    const said = setRole(findings, 'nodes', 'proxy', { by: 'page', at: 3 });
    expect(said.findings).toEqual({ servers: findings.servers, role: { role: 'proxy', at: 3, by: 'page' } });
    expect(setRole(said.findings, 'nodes', 'looking', { by: 'page', at: 4 }).findings.role).toBeUndefined();
  });

  it('is forgotten where the template says the mode itself', () => {
    const found: Findings = { servers: [], role: { role: 'proxy', at: 1, by: 'the site' } };
    expect(forgetOld(found, { ...NETWORK, mode: 'auto' }, 2)).toBeUndefined();
    expect(forgetOld(found, NETWORK, 2)?.findings).toEqual(NOTHING_FOUND);
  });
});

function dropAt<T extends { at?: unknown }>({ at: _, ...rest }: T): Omit<T, 'at'> {
  return rest;
}
