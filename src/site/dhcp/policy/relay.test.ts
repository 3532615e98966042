import { describe, expect, it } from 'vitest';
import { message } from '../../../../test/packets/bench.ts';
import { ip, NETWORK, revision, SITE } from '../../../../test/packets/world.ts';
import type { Network } from '../../../model/network.ts';
import { option } from '../codec/options.ts';
import type { NetworkPlan } from './network-plan.ts';
import { planNetwork } from './network-plan.ts';
import { meansUs, routeOf, serverIdFor } from './relay.ts';

/** Network nodes on the wire of the site, network far behind a relay that has 10.7.0.9 and 10.8.0.1. */
function plansOf(far: Partial<Network> = {}, nodes: Partial<Network> = {}): readonly { plan: NetworkPlan }[] {
  const current = {
    ...revision(),
    networks: {
      nodes: { ...NETWORK, ...nodes },
      far: { ...NETWORK, name: 'far', subnet: { network: ip('10.8.0.0'), prefix: 24 }, via: 'nodes', ...far },
    },
  };
  const sites = [SITE, { ...SITE, network: 'far', via: 'nodes' }];
  return sites.flatMap((site) => {
    const plan = planNetwork(current, site);
    return plan ? [{ plan }] : [];
  });
}

type Way = { giaddr?: string; hops?: number; ciaddr?: string; said?: readonly number[]; isUnicast?: boolean };

function route({ giaddr = '0.0.0.0', hops = 1, ciaddr = '0.0.0.0', said, isUnicast }: Way, plans = plansOf()): string {
  const options = said ? [{ code: 82, bytes: Uint8Array.from(said) }] : [];
  const asked = message('discover', options, { giaddr: ip(giaddr), hops, ciaddr: ip(ciaddr) });
  const found = routeOf(asked, { heardIn: 'nodes', isUnicast }, plans);
  return found.kind === 'served' ? found.served.plan.network.name : `${found.reason}: ${found.because}`;
}

const linkIs = (...address: number[]) => [1, 2, 7, 7, 5, 4, ...address];

describe('the network of a message', () => {
  it.each<[string, Way, string]>([
    ['without a relay: where it was heard', {}, 'nodes'],
    ['of a relay in the network of the machines', { giaddr: '10.8.0.1' }, 'far'],
    ['of a relay that says which link it means (RFC 3527)', { giaddr: '10.7.0.9', said: linkIs(10, 8, 0, 0) }, 'far'],
    ['of one that renews by itself', { ciaddr: '10.8.0.50', isUnicast: true }, 'far'],
    ['of one that renews, by a socket that hears both', { ciaddr: '10.8.0.50' }, 'far'],
    ['of one that broadcasts here with an address of there', { ciaddr: '10.8.0.50', isUnicast: false }, 'nodes'],
  ])('%s', (_, way, network) => {
    expect(route(way)).toBe(network);
  });

  it.each<[string, Way, string]>([
    [
      'an unknown network',
      { giaddr: '172.16.0.1' },
      'relay-unknown: it comes through the relay 172.16.0.1, which is in none of our networks',
    ],
    [
      'an unknown link',
      { giaddr: '10.7.0.9', said: linkIs(172, 16, 0, 0) },
      'relay-unknown: it comes through the relay 10.7.0.9, and its link 172.16.0.0 is in none of our networks',
    ],
    [
      'a relay on the wire of the site',
      { giaddr: '10.7.0.9' },
      "relay-refused: it comes through the relay 10.7.0.9, and network nodes is on the site's own wire",
    ],
    ['the site itself', { giaddr: '10.7.0.1' }, 'relay-refused: it names this site (10.7.0.1) as its relay'],
    [
      'a relay from elsewhere that names our link',
      { giaddr: '203.0.113.7', said: linkIs(10, 8, 0, 0) },
      'relay-refused: the relay 203.0.113.7 is neither in network far nor in nodes',
    ],
    [
      'a whole network behind the relay',
      { giaddr: '10.8.0.255' },
      'relay-refused: it names 10.8.0.255 as its relay, which is no address of one host',
    ],
    [
      'our own whole network',
      { giaddr: '10.7.0.255', said: linkIs(10, 8, 0, 0) },
      'relay-refused: it names 10.7.0.255 as its relay, which is no address of one host',
    ],
    ['a circle', { giaddr: '10.8.0.1', hops: 17 }, 'relay-refused: it came through 17 relays, more than 16'],
  ])('is not told by %s', (_, way, because) => {
    expect(route(way)).toBe(because);
  });

  it('only the relays that the template names may speak, from wherever', () => {
    const far = plansOf({ relays: [ip('203.0.113.7')] });
    expect(route({ giaddr: '203.0.113.7', said: linkIs(10, 8, 0, 0) }, far)).toBe('far');
    expect(route({ giaddr: '10.8.0.1' }, far)).toBe('relay-refused: 10.8.0.1 is not among the relays of network far');
    expect(route({ giaddr: '10.7.0.9' }, plansOf({}, { relays: [ip('10.7.0.9')] }))).toBe('nodes');
  });

  it.each([
    ['cut off', [5, 4, 10, 8]],
    ['of another length', [5, 3, 10, 8, 0]],
    ['without an end', [5]],
  ])('a link selection that is %s says nothing', (_, said) => {
    expect(route({ giaddr: '10.8.0.1', said })).toBe('far');
  });
});

describe('the server that clients know', () => {
  const [, far] = plansOf();
  const plan = far?.plan as NetworkPlan;
  const override = { code: 82, bytes: Uint8Array.of(11, 4, 10, 8, 0, 1) };

  it('is the relay, if it wants all that they send to come its way (RFC 5107)', () => {
    const relayed = message('request', [override], { giaddr: ip('10.8.0.1') });
    expect(serverIdFor(relayed, plan)).toBe('10.8.0.1');
    expect([ip('10.8.0.1'), SITE.address, ip('10.8.0.2')].map((server) => meansUs(server, relayed, plan))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is the site where no relay says so, whatever a client makes up', () => {
    expect(serverIdFor(message('request', [override]), plan)).toBe(SITE.address);
    expect(serverIdFor(message('request', [option('hostname', 'x')], { giaddr: ip('10.8.0.1') }), plan)).toBe(
      SITE.address,
    );
  });
});
