import type { DocumentName, Revision, Slot } from '../model/revision.ts';

/** Slots of one site that would call themselves the same, and what makes them. */
export type SameHostname = { readonly hostname: string; readonly slots: readonly string[]; readonly from: string };

/** How each kind of document gives a machine its name. */
const GIVEN: Readonly<Record<DocumentName, RegExp | undefined>> = {
  'user-data': /^(?:hostname|fqdn):[ \t]*["']?([^\s"'#]+)/m,
  'network-config': undefined,
  talos: /^\s*hostname:[ \t]*["']?([^\s"'#]+)/m,
  ignition: /"\/etc\/hostname"[^}]*?"source"\s*:\s*"data:,([^"]+)"/,
  preseed: /^d-i\s+netcfg\/(?:get_)?hostname\s+string\s+(\S+)/m,
  kickstart: /^network\b.*--hostname[= ](\S+)/m,
};

/** Finds the host names that more than one slot of a site is given. A name that is only known at boot time is none. */
export function sameHostnames(revision: Revision): readonly SameHostname[] {
  const found = new Map<string, { hostname: string; from: string; slots: string[] }>();
  for (const slot of Object.values(revision.slots)) {
    for (const { hostname, from } of hostnamesOf(slot)) {
      const key = `${from} ${hostname}`;
      const same = found.get(key) ?? { hostname, from, slots: [] };
      same.slots.push(slot.name);
      found.set(key, same);
    }
  }
  return [...found.values()].filter(({ slots }) => slots.length > 1);
}

function hostnamesOf({ profile }: Slot): readonly { readonly hostname: string; readonly from: string }[] {
  const written = Object.entries(profile.documents).flatMap(([name, document]) => {
    const hostname = document.kind === 'text' ? GIVEN[name as DocumentName]?.exec(document.text)?.[1] : undefined;
    return hostname === undefined ? [] : [{ hostname, from: name }];
  });
  const words = profile.cmdline.flatMap(({ key, value }) =>
    key === 'hostname' && value !== true ? [{ hostname: value, from: 'the command line' }] : [],
  );
  return [...written, ...words].filter(({ hostname }) => !/@\{|\{\{/.test(hostname));
}
