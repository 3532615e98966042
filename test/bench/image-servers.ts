import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHost, type Host } from '../../src/lab/network.ts';
import { startSite } from '../../src/lab/site-process.ts';
import type { FakeRegistry } from '../../src/lab/upstream/fake-registry.ts';
import type { MadeBlob } from '../../src/lab/upstream/made-blob.ts';
import { nginxArgv } from './nginx.ts';
import type { Bench } from './part.ts';
import { listens, type Rival, startRival } from './process.ts';

/** The registries behind the mirrors: one as fast as it can, one at the end of a slow line. */
export type Upstreams = Readonly<Record<'fast' | 'slow', FakeRegistry>>;

/** A server of images, on a host of its own. */
export type ImageServer = {
  readonly host: Host;
  /** The process that serves what is cached. */
  readonly rival: Rival;
  /** Where a path of an upstream is, such as `pos/app/manifests/1.4`. */
  urlOf(upstream: keyof Upstreams, path: string): string;
  stop(): Promise<void>;
};

export async function startSlipway(dir: string, upstreams: Upstreams): Promise<ImageServer> {
  const host = await createHost('slipway', 'br0', { address: '10.80.5.1/16' });
  const workDir = await mkdtemp(join(dir, 'site-'));
  const template = join(workDir, 'bench.yaml');
  const access = { repositories: ['pos/*'], access: 'anyone' };
  const spec = {
    networks: {
      nodes: { subnet: '10.80.0.0/16', pool: '10.80.16.0..10.80.250.255', lease: { firmware: '5m', os: '30m' } },
    },
    images: {
      upstreams: {
        'fast.test': { url: upstreams.fast.origin, ...access },
        'slow.test': { url: upstreams.slow.origin, ...access },
      },
    },
  };
  // JSON is YAML.
  const text = JSON.stringify({ apiVersion: 'slipway/v1', kind: 'SiteTemplate', metadata: { name: 'bench' }, spec });
  await writeFile(template, text);
  const config = `site: bench\ninterfaces: { nodes: eth0 }\ntemplate: ${template}\n`;
  const rival = await startSite({ workDir, config, on: (argv) => host.argv(...argv) });
  await untilServed(host, 'http://10.80.5.1:5000/v2/');
  return {
    ...{ host, rival, stop: () => rival.stop() },
    urlOf: (upstream, path) => `http://10.80.5.1:5000/v2/${upstream}.test/${path}`,
  };
}

/** Its proxy mode mirrors one registry, so there are two of it. */
export async function startDockerRegistry({ dir, programs }: Bench, upstreams: Upstreams): Promise<ImageServer> {
  const host = await createHost('distribution', 'br0', { address: '10.80.5.2/16' });
  const start = async (upstream: keyof Upstreams, port: number): Promise<Rival> => {
    const workDir = await mkdtemp(join(dir, `distribution-${upstream}-`));
    const config = {
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(workDir, 'store') }, cache: { blobdescriptor: 'inmemory' } },
      http: { addr: `10.80.5.2:${port}` },
      proxy: { remoteurl: upstreams[upstream].origin },
    };
    const path = join(workDir, 'config.yml');
    await writeFile(path, JSON.stringify(config));
    const argv = host.argv(programs['docker-registry'], 'serve', path);
    return startRival(argv, () => listens((of) => host.exec(of), 'tcp', port));
  };
  const [fast, slow] = [await start('fast', 5000), await start('slow', 5001)];
  return {
    ...{ host, rival: fast },
    urlOf: (upstream, path) => `http://10.80.5.2:${upstream === 'fast' ? 5000 : 5001}/v2/${path}`,
    stop: async () => {
      await fast.stop();
      await slow.stop();
    },
  };
}

/** The blob as a plain file, under the path that it has at a registry. */
export async function startNginx({ dir, programs }: Bench, path: string, blob: MadeBlob): Promise<ImageServer> {
  const host = await createHost('nginx', 'br0', { address: '10.80.5.3/16' });
  const workDir = await mkdtemp(join(dir, 'nginx-'));
  const file = join(workDir, 'root', path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, blob.slice(0, blob.sizeBytes));
  const argv = await nginxArgv(programs.nginx, { workDir, root: join(workDir, 'root'), address: '10.80.5.3' });
  const rival = await startRival(host.argv(...argv), () => listens((of) => host.exec(of), 'tcp', 80));
  return { host, rival, stop: () => rival.stop(), urlOf: (_, of) => `http://10.80.5.3/${of}` };
}

async function untilServed(host: Host, url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const status = await host.exec(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', url]).catch(() => '');
    if (status === '200') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} was not served in time`);
}
