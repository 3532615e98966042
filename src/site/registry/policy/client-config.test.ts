import { describe, expect, it } from 'vitest';
import type { UpstreamName } from '../../../kernel/image-name.ts';
import type { Upstream } from '../../../model/images.ts';
import { IMAGE_CLIENTS, type ImageClient } from '../../../wire/api/client-config.ts';
import { clientConfig } from './client-config.ts';

const upstream = (name: string, access: Upstream['access'] = 'anyone') => ({
  ...{ name: name as UpstreamName, access, isDefault: false },
});
const upstreams = [upstream('docker.io'), upstream('registry.example.com:5443', 'known-machines')];
const textOf = (client: ImageClient, fallback = true) =>
  clientConfig([client], { mirror: '10.20.0.2:5000', upstreams, fallback })
    .files.map(({ path, text }) => `== ${path}\n${text}`)
    .join('');

describe('with a way past the mirror', () => {
  it('containerd gets a folder for each registry', () => {
    expect(textOf('containerd')).toBe(`== /etc/containerd/certs.d/docker.io/hosts.toml
server = "https://registry-1.docker.io"

[host."http://10.20.0.2:5000"]
  capabilities = ["pull", "resolve"]
  dial_timeout = "2s"
== /etc/containerd/certs.d/registry.example.com_5443_/hosts.toml
server = "https://registry.example.com:5443"

[host."http://10.20.0.2:5000"]
  capabilities = ["pull", "resolve"]
  dial_timeout = "2s"
`);
  });

  it('podman gets names behind the mirror, without a colon', () => {
    expect(textOf('podman')).toBe(`== /etc/containers/registries.conf.d/50-slipway.conf
[[registry]]
location = "docker.io"

[[registry.mirror]]
location = "10.20.0.2:5000/docker.io"
insecure = true

[[registry]]
location = "registry.example.com:5443"

[[registry.mirror]]
location = "10.20.0.2:5000/registry.example.com_5443"
insecure = true
`);
  });

  it('dockerd gets the mirror, and may speak plain HTTP with it', () => {
    expect(textOf('dockerd')).toBe(`== /etc/docker/daemon.json
{
  "registry-mirrors": [
    "http://10.20.0.2:5000"
  ],
  "insecure-registries": [
    "10.20.0.2:5000"
  ]
}
`);
  });

  it('Talos gets a patch', () => {
    expect(textOf('talos')).toBe(`== /talos/registries.yaml
machine:
  registries:
    mirrors:
      "docker.io":
        endpoints:
          - "http://10.20.0.2:5000"
      "registry.example.com:5443":
        endpoints:
          - "http://10.20.0.2:5000"
`);
  });
});

describe('without a way past the mirror', () => {
  it('containerd knows nothing else', () => {
    expect(textOf('containerd', false)).toContain(`== /etc/containerd/certs.d/docker.io/hosts.toml
server = "http://10.20.0.2:5000"

[host."http://10.20.0.2:5000"]
  capabilities = ["pull", "resolve"]
  dial_timeout = "2s"
`);
  });

  it('podman takes the mirror for the registry', () => {
    expect(textOf('podman', false)).toContain(`[[registry]]
prefix = "registry.example.com:5443"
location = "10.20.0.2:5000/registry.example.com_5443"
insecure = true
`);
  });

  it('Talos does not go on to the registry', () => {
    expect(textOf('talos', false)).toContain('          - "http://10.20.0.2:5000"\n        skipFallback: true\n');
  });
});

it('says what no file can say', () => {
  expect(clientConfig(IMAGE_CLIENTS, { mirror: '10.20.0.2:5000', upstreams, fallback: true }).notes).toEqual([
    'registry.example.com:5443: only machines that fill a slot of this site may pull',
    'containerd: its config.toml needs config_path = "/etc/containerd/certs.d" for the registry',
    'dockerd: a name without a registry means docker.io',
    'dockerd: all else is pulled by its name behind the mirror: 10.20.0.2:5000/registry.example.com_5443/…',
  ]);
});

it('gives dockerd no mirror where no registry is meant without a name', () => {
  const [, named] = upstreams;
  const facts = { mirror: '10.20.0.2:5000', upstreams: named ? [named] : [], fallback: true };
  expect(clientConfig(['dockerd'], facts).files[0]?.text).not.toContain('registry-mirrors');
});
