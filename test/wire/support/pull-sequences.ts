/**
 * What clients of container images ask for, in their order, as read from their source and seen on the wire; see
 * `replay.ts`. In paths, `{index}`, `{child}`, `{config}`, `{layer}`, `{small}`, `{signature}`, `{payload}` are digests of the
 * image, `{hex}` is that of the index without its `sha256:`.
 */
export type Step = {
  readonly asks: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** 200 if left out. */
  readonly status?: number;
  /** What must be in the head of the answer; `{…}` as in paths. */
  readonly gives?: Readonly<Record<string, string>>;
  /** The connection is lost when so many bytes of the body are here; it asks for the rest by Range, over a new one. */
  readonly cutAt?: number;
  /** It hangs up when so many bytes are here, and that was all that it wanted. */
  readonly stopAt?: number;
  /** Goes out together with the step before it, over a connection of its own. */
  readonly beside?: true;
};

export type Sequence = { readonly client: string; readonly repository: string; readonly steps: readonly Step[] };

const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const CONFIG = 'application/vnd.oci.image.config.v1+json';

const NS = '?ns=registry.test';
/** All of the answer's head that containerd would otherwise fetch the whole body for. */
const said = (digest: string) => ({ 'docker-content-digest': digest, 'content-length': '{size}' });
const octets = { 'content-type': 'application/octet-stream', 'content-length': '{size}' };

const range = (from: number) => ['Range', `bytes=${from}-`] as const;

/** `isEager`: it asks for everything by Range, manifests too, to see whether it may fetch a layer in parts. */
const containerd = (version: string, encoding: string, isEager: boolean) => {
  const agent = ['User-Agent', `containerd/${version}`] as const;
  const ranged = isEager ? [range(0)] : [];
  const accepts = (type: string) => [
    ...[agent, ['Accept', `${type}, */*`] as const, ['Accept-Encoding', encoding] as const],
    ...ranged,
  ];
  const part = isEager ? { status: 206 } : {};
  return {
    resolve: {
      asks: `HEAD manifests/1.4${NS}`,
      headers: [agent, ['Accept', [DOCKER, DOCKER_LIST, MANIFEST, INDEX, '*/*'].join(', ')] as const],
      gives: { ...said('{index}'), 'content-type': INDEX, 'oci-namespace': 'registry.test' },
    },
    index: { asks: `GET manifests/{index}${NS}`, headers: accepts(INDEX), gives: said('{index}') },
    child: { asks: `GET manifests/{child}${NS}`, headers: accepts(MANIFEST), gives: said('{child}') },
    config: { asks: `GET blobs/{config}${NS}`, headers: accepts(CONFIG), gives: octets, ...part },
    small: { asks: `GET blobs/{small}${NS}`, headers: accepts(LAYER), gives: octets, ...part },
    layer: { asks: `GET blobs/{layer}${NS}`, headers: accepts(LAYER), ...part },
  };
};

/** Those of the chunks of an eager client: the layer of these tests has a little less than four. */
const CHUNK = 512 * 1024;
const old = containerd('1.6.20~ds1', 'gzip', false);
const eager = containerd('2.1.9+unknown', 'zstd;q=1.0, gzip;q=0.8, deflate;q=0.5', true);
/** What it asks a layer with, from a byte on. */
const from = (byte: number) => [...eager.layer.headers.slice(0, -1), range(byte)];

const ACCEPTS_OF_PODMAN = [
  MANIFEST,
  DOCKER,
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
  'application/vnd.docker.distribution.manifest.v1+json',
  DOCKER_LIST,
  INDEX,
].map((type) => ['Accept', type] as const);
const podman = [['User-Agent', 'containers/5.23.1 (github.com/containers/image)']] as const;
const dockerd = [
  ['User-Agent', 'docker/24.0.7 go/go1.20.10 os/linux arch/amd64 UpstreamClient(Docker-Client/24.0.7)'],
] as const;
const DOCKER_ACCEPTS = [DOCKER, DOCKER_LIST, INDEX, MANIFEST, DOCKER_1].map((type) => ['Accept', type] as const);
const PING = { asks: 'GET /v2/', gives: { 'docker-distribution-api-version': 'registry/2.0' } };

export const SEQUENCES: readonly Sequence[] = [
  {
    client: 'containerd 1.6, whose connection is lost in the middle of a layer',
    repository: 'pos/app',
    steps: [
      old.resolve,
      old.index,
      old.child,
      old.config,
      { ...old.layer, beside: true, cutAt: 700_000 },
      { ...old.small, beside: true },
    ],
  },
  {
    client: 'containerd 2.1, which fetches a layer in parts that it closes early',
    repository: 'pos/app',
    steps: [
      eager.resolve,
      eager.index,
      eager.child,
      eager.config,
      { ...eager.layer, stopAt: 1 },
      ...[0, 1, 2].map((i) => ({ ...eager.layer, headers: from(i * CHUNK), stopAt: CHUNK, beside: true as const })),
      { ...eager.layer, headers: from(3 * CHUNK), beside: true },
      eager.small,
    ],
  },
  {
    client: 'podman, which says the registry in the path and resumes by an exact Range',
    repository: 'registry.test/pos/app',
    steps: [
      { ...PING, headers: podman },
      { asks: 'GET manifests/1.4', headers: [...podman, ...ACCEPTS_OF_PODMAN], gives: { 'content-type': INDEX } },
      {
        asks: 'GET manifests/{child}',
        headers: [...podman, ...ACCEPTS_OF_PODMAN],
        gives: { 'content-type': MANIFEST },
      },
      { asks: 'GET blobs/{small}', headers: podman, gives: octets },
      { asks: 'GET blobs/{layer}', headers: podman, cutAt: 1_100_000, beside: true },
      { asks: 'GET blobs/{config}', headers: podman, gives: octets },
    ],
  },
  {
    client: 'dockerd, which says no registry at all',
    repository: 'library/app',
    steps: [
      { ...PING, headers: dockerd },
      { asks: 'HEAD manifests/1.4', headers: [...dockerd, ...DOCKER_ACCEPTS], gives: said('{index}') },
      { asks: 'GET manifests/{index}', headers: [...dockerd, ...DOCKER_ACCEPTS], gives: said('{index}') },
      { asks: 'GET manifests/{child}', headers: [...dockerd, ...DOCKER_ACCEPTS], gives: said('{child}') },
      { asks: 'GET blobs/{config}', headers: dockerd, gives: octets },
      { asks: 'GET blobs/{layer}', headers: dockerd, cutAt: 1_500_000 },
      { asks: 'GET blobs/{small}', headers: dockerd, gives: octets, beside: true },
    ],
  },
  {
    client: 'Talos, which looks for signatures before it pulls',
    repository: 'pos/app',
    steps: [
      old.resolve,
      { asks: `GET manifests/sha256-{hex}.sig${NS}`, gives: said('{signature}') },
      { asks: `GET blobs/{payload}${NS}`, gives: octets },
      {
        asks: `GET referrers/{index}${NS}&artifactType=application/x.sbom`,
        gives: { 'content-type': INDEX, 'oci-filters-applied': 'artifactType' },
      },
      { asks: `GET referrers/{child}${NS}`, gives: { 'content-type': INDEX } },
      old.index,
      old.child,
      old.config,
      { ...old.layer, gives: octets },
      { ...old.small, beside: true },
    ],
  },
];
