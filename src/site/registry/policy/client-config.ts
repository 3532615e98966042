import { DOCKER_HUB, type UpstreamName } from '../../../kernel/image-name.ts';
import type { Upstream } from '../../../model/images.ts';
import type { ClientConfigView, ClientFile, ImageClient } from '../../../wire/api/client-config.ts';
import { defaultUpstream, prefixFor } from './which-repository.ts';

/** What clients are told of a site. */
export type MirrorFacts = {
  /** Host and port, as clients reach it: `10.20.0.2:5000`. */
  readonly mirror: string;
  readonly upstreams: readonly Pick<Upstream, 'name' | 'access' | 'isDefault'>[];
  /** Whether a client may go to a registry itself where the site does not answer, or does not have the image. */
  readonly fallback: boolean;
};

/**
 * The settings by which clients pull through this site: containerd's `hosts.toml` and Talos' `machine.registries` say the
 * registry by `?ns=`, `registries.conf` as the first part of the name, dockerd not at all.
 */
export function clientConfig(clients: readonly ImageClient[], facts: MirrorFacts): ClientConfigView {
  const files = clients.flatMap((client) => WRITERS[client](facts).map((file) => ({ client, ...file })));
  return { mirror: facts.mirror, files, notes: notesFor(clients, facts) };
}

type Writer = (facts: MirrorFacts) => readonly Omit<ClientFile, 'client'>[];

const WRITERS: Readonly<Record<ImageClient, Writer>> = {
  containerd: (facts) => facts.upstreams.map(({ name }) => hostsToml(name, facts)),
  podman: (facts) => [{ path: '/etc/containers/registries.conf.d/50-slipway.conf', text: registriesConf(facts) }],
  dockerd: (facts) => [{ path: '/etc/docker/daemon.json', text: daemonJson(facts) }],
  talos: (facts) => [{ path: '/talos/registries.yaml', text: talosPatch(facts) }],
};

/** containerd's docs/hosts.md. It asks anew for each layer, so a mirror that is away must cost little each time. */
function hostsToml(name: UpstreamName, { mirror, fallback }: MirrorFacts) {
  // A colon in the name of a folder is also taken, but not by every file system.
  const folder = name.replace(/:(\d+)$/, '_$1_');
  const own = name === DOCKER_HUB ? 'registry-1.docker.io' : name;
  // containerd 1.x takes a file without a host for a broken one, and then goes to the registry itself.
  const lines = [
    `server = ${quoted(fallback ? `https://${own}` : `http://${mirror}`)}`,
    '',
    `[host.${quoted(`http://${mirror}`)}]`,
    '  capabilities = ["pull", "resolve"]',
    '  dial_timeout = "2s"',
  ];
  return { path: `/etc/containerd/certs.d/${folder}/hosts.toml`, text: `${lines.join('\n')}\n` };
}

/** containers-registries.conf(5). */
function registriesConf({ mirror, upstreams, fallback }: MirrorFacts): string {
  const stanzas = upstreams.map(({ name }) => {
    const through = [`location = ${quoted(`${mirror}/${prefixFor(name)}`)}`, 'insecure = true', ''];
    const lines = fallback
      ? ['[[registry]]', `location = ${quoted(name)}`, '', '[[registry.mirror]]', ...through]
      : ['[[registry]]', `prefix = ${quoted(name)}`, ...through];
    return lines.join('\n');
  });
  return stanzas.join('\n');
}

/** dockerd asks a mirror for what has no registry in its name, and for nothing else. */
function daemonJson({ mirror, upstreams }: MirrorFacts): string {
  const settings = {
    ...(defaultUpstream(upstreams) && { 'registry-mirrors': [`http://${mirror}`] }),
    'insecure-registries': [mirror],
  };
  return `${JSON.stringify(settings, undefined, 2)}\n`;
}

/** A patch of the machine configuration, v1alpha1. */
function talosPatch({ mirror, upstreams, fallback }: MirrorFacts): string {
  const stanzas = upstreams.flatMap(({ name }) => [
    `      ${quoted(name)}:`,
    '        endpoints:',
    `          - ${quoted(`http://${mirror}`)}`,
    ...(fallback ? [] : ['        skipFallback: true']),
  ]);
  return ['machine:', '  registries:', '    mirrors:', ...stanzas, ''].join('\n');
}

function notesFor(clients: readonly ImageClient[], { mirror, upstreams }: MirrorFacts): readonly string[] {
  const notes: string[] = [];
  const closed = upstreams.filter(({ access }) => access === 'known-machines').map(({ name }) => name);
  if (closed.length > 0) notes.push(`${closed.join(', ')}: only machines that fill a slot of this site may pull`);
  if (clients.includes('containerd'))
    notes.push('containerd: its config.toml needs config_path = "/etc/containerd/certs.d" for the registry');
  if (clients.includes('dockerd')) {
    const standard = defaultUpstream(upstreams);
    const others = upstreams.filter(({ name }) => name !== standard?.name);
    if (standard) notes.push(`dockerd: a name without a registry means ${standard.name}`);
    const [other] = others;
    if (other)
      notes.push(`dockerd: all else is pulled by its name behind the mirror: ${mirror}/${prefixFor(other.name)}/…`);
  }
  return notes;
}

/** Upstream names and addresses have no character that TOML, JSON or YAML would take for its own in quotes. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
