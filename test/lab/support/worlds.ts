import type { DhcpServerName } from '../../../src/lab/dhcp-servers.ts';

/** Who leases where the machine stands, and how the site is reached. */
export type World = {
  /** The template's networks. */
  readonly networks: string;
  /** The server of somebody else, as a store's router has it. */
  readonly server?: DhcpServerName;
  /** The site is on another cable, behind a router with a relay. */
  readonly isRelayed?: true;
  /** The site finds out by itself what it is. */
  readonly finds?: 'proxy' | 'authoritative';
};

const PROXY = '{ nodes: { mode: proxy, subnet: 10.77.0.0/24 } }';
const AUTO = '{ nodes: { mode: auto, subnet: 10.77.0.0/24, pool: "+100..+199" } }';

export const WORLDS = {
  authoritative: { networks: '{ nodes: { subnet: 10.77.0.0/24, pool: "+100..+199" } }' },
  'proxy beside dnsmasq': { networks: PROXY, server: 'dnsmasq' },
  'proxy beside kea': { networks: PROXY, server: 'kea' },
  'auto beside dnsmasq': { networks: AUTO, server: 'dnsmasq', finds: 'proxy' },
  'auto alone': { networks: AUTO, finds: 'authoritative' },
  'behind a relay': {
    networks:
      '{ nodes: { subnet: 10.77.0.0/24 }, tills: { subnet: 10.78.0.0/24, router: +1, pool: "+100..+199", via: nodes } }',
    isRelayed: true,
  },
} as const satisfies Record<string, World>;

export type WorldName = keyof typeof WORLDS;

/** A template with one machine, for a world; the values of its variables are those of the demo. */
export function worldTemplate(
  world: World,
  system: { readonly arch: 'amd64' | 'arm64'; readonly console: string },
): string {
  return `apiVersion: slipway/v1
kind: SiteTemplate
metadata: { name: world }
spec:
  vars:
    mac: { type: mac, required: true }
    kernel: { type: string, required: true }
    kernelSha256: { type: string, required: true }
    initramfs: { type: string, required: true }
    initramfsSha256: { type: string, required: true }
  networks: ${world.networks}
  assets:
    demo:
      ${system.arch}:
        kernel: { source: "{{ vars.kernel }}", sha256: "{{ vars.kernelSha256 }}", name: vmlinuz }
        initrds: [{ source: "{{ vars.initramfs }}", sha256: "{{ vars.initramfsSha256 }}", name: initrd.img }]
  profiles:
    demo:
      kind: live
      boots: demo
      cmdline: { console: ${system.console}, ds: "nocloud-net;s=@{boot.url.nocloud}" }
  slots:
    till-1:
      profile: demo
      match: [{ mac: "{{ vars.mac }}" }]
      interfaces: { lan0: { network: ${world.isRelayed ? 'tills' : 'nodes'} } }
`;
}
