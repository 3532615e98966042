import { expect, it } from 'vitest';
import type { UpstreamName } from '../../../kernel/image-name.ts';
import type { Upstream } from '../../../model/images.ts';
import { whichRepository } from './which-repository.ts';

const upstream = (name: string, change: Partial<Upstream> = {}): Upstream => ({
  ...{ name: name as UpstreamName, url: `https://${name}`, repositories: ['*'], access: 'anyone' },
  ...{ isDefault: false, tokenHosts: [] },
  ...change,
});
const closed = [
  upstream('docker.io', { repositories: ['library/*'] }),
  upstream('quay.io'),
  upstream('registry.local:5000', { repositories: ['pos/app', 'pos/db-*'] }),
];

it.each([
  ['containerd', 'library/debian', 'docker.io', 'docker.io/library/debian'],
  ['containerd, with what it connects to', 'library/debian', 'registry-1.docker.io', 'docker.io/library/debian'],
  ['containerd in capitals', 'org/app', 'QUAY.io', 'quay.io/org/app'],
  ['a name that looks like a registry, with ns', 'a.b/app', 'quay.io', 'quay.io/a.b/app'],
  ['podman', 'quay.io/org/app', undefined, 'quay.io/org/app'],
  ['podman with a port', 'registry.local:5000/pos/app', undefined, 'registry.local:5000/pos/app'],
  ['podman with a port, as it can write it', 'registry.local_5000/pos/app', undefined, 'registry.local:5000/pos/app'],
  ['podman from Docker Hub', 'docker.io/debian', undefined, 'docker.io/library/debian'],
  ['dockerd', 'library/debian', undefined, 'docker.io/library/debian'],
  ['a person', 'debian', undefined, 'docker.io/library/debian'],
])('%s asks for %s of %s', (_, name, ns, expected) => {
  const found = whichRepository(name, ns, closed);
  expect(found.ok && `${found.value.key.upstream}/${found.value.key.repository}`).toBe(expected);
});

it.each([
  ['another registry', 'org/app', 'ghcr.io', 'NAME_UNKNOWN'],
  ['another registry by prefix', 'ghcr.io/org/app', undefined, 'NAME_UNKNOWN'],
  ['another port', 'registry.local/pos/app', undefined, 'NAME_UNKNOWN'],
  ['no registry', 'org/app', 'a b', 'NAME_UNKNOWN'],
  ['an empty one', 'org/app', '', 'NAME_UNKNOWN'],
  ['a repository beside the pattern', 'org/debian', 'docker.io', 'NAME_UNKNOWN'],
  ['one that only begins like it', 'pos/app2', 'registry.local:5000', 'NAME_UNKNOWN'],
  ['a way out', '../../etc', 'quay.io', 'NAME_INVALID'],
  ['a prefix alone', 'quay.io/', undefined, 'NAME_INVALID'],
  ['capitals', 'Org/App', 'quay.io', 'NAME_INVALID'],
])('%s is not there', (_, name, ns, code) => {
  expect(whichRepository(name, ns, closed)).toMatchObject({ ok: false, error: { code } });
});

it('what is marked as default goes before Docker Hub, and without either there is none', () => {
  const [hub, quay] = [upstream('docker.io'), upstream('quay.io')];
  const meant = (...upstreams: Upstream[]) => {
    const found = whichRepository('a/b', undefined, upstreams);
    return found.ok && found.value.upstream.name;
  };
  expect(meant(hub, { ...quay, isDefault: true })).toBe('quay.io');
  expect(meant(quay, hub)).toBe('docker.io');
  expect(meant(quay)).toBe(false);
});
