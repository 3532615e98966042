import type { SiteLab } from './site-lab.ts';
import { sha256 } from './site-lab.ts';

export type Slot = { readonly name: string; readonly mac: string; readonly host: number; readonly profile?: string };

export type TemplateOptions = {
  readonly slots?: readonly Slot[];
  readonly pool?: string;
  /** Further text below `assets:`, `profiles:` and `spec:`, indented as there. */
  readonly assets?: string;
  readonly profiles?: string;
  readonly more?: string;
  /** The user-data of the profile `live`, as a document in the template's words. */
  readonly userData?: string;
};

export const KERNEL = new Uint8Array(300_000).map((_, index) => (index * 31 + (index >> 8)) & 255);
export const INITRD = new Uint8Array(700_001).map((_, index) => (index * 17 + (index >> 7)) & 255);

/** Writes a site template with one live profile, and the kernel and initramfs that it boots. */
export function writeTemplate(lab: SiteLab, options: TemplateOptions = {}): string {
  const kernelPath = lab.write('vmlinuz', KERNEL);
  const initrdPath = lab.write('initrd.img', INITRD);
  const slots = (options.slots ?? []).map(
    ({ name, mac, host, profile = 'live' }) =>
      `    ${name}: { profile: ${profile}, match: [{ mac: "${mac}" }], interfaces: { lan0: { network: nodes, address: +${host} } } }`,
  );
  return lab.write(
    'template.yaml',
    `apiVersion: slipway/v1
kind: SiteTemplate
metadata: { name: wire }
spec:
  networks:
    nodes: { subnet: ${lab.net}.0/24, pool: "${options.pool ?? '+100..+199'}", lease: { firmware: 5m, os: 30m } }
  assets:
    tiny:
      amd64:
        kernel: { source: "file://${kernelPath}", sha256: ${quoted(sha256(KERNEL))}, name: vmlinuz }
        initrds: [{ source: "file://${initrdPath}", sha256: ${quoted(sha256(INITRD))}, name: initrd.img }]
${options.assets ?? ''}
  profiles:
    live:
      kind: live
      boots: tiny
      cmdline: { console: ttyS0, ds: "nocloud-net;s=@{boot.url.nocloud}" }
      documents:
        user-data: ${options.userData ?? '{ text: "#cloud-config\\n{}\\n" }'}
        network-config: { from: interfaces }
${options.profiles ?? ''}
${slots.length > 0 ? `  slots:\n${slots.join('\n')}` : ''}
${options.more ?? ''}
`,
  );
}

/** A digest of digits alone would be a number to YAML. */
function quoted(text: string): string {
  return `"${text}"`;
}
