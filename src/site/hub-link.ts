import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLinkClient } from '../adapters/link/link-client.ts';
import { enrolmentCrypto } from '../adapters/node/enrolment-crypto.ts';
import { readText } from '../adapters/node/files.ts';
import { readHardware } from '../adapters/node/hardware.ts';
import { sha256OfText } from '../adapters/node/hash.ts';
import { packageFile } from '../adapters/node/package-file.ts';
import { openPrivateFiles } from '../adapters/node/private-files.ts';
import { releaseKeyId, verifyRelease } from '../adapters/node/release-keys.ts';
import { createSealingKeys } from '../adapters/node/sealing.ts';
import { x509 } from '../adapters/node/x509.ts';
import { AppError } from '../kernel/errors.ts';
import type { Log, Random } from '../kernel/ports.ts';
import type { TimeKeeper } from '../kernel/time-keeper.ts';
import type { Store } from '../model/store.ts';
import type { LinkView } from '../wire/api/link.ts';
import { BUNDLE_NEEDS } from '../wire/link/revision-bundle.ts';
import type { HubSettings, SiteConfig } from './config.ts';
import { SiteIdentity } from './link/identity/identity.ts';
import { startLink } from './link/link.ts';
import type { LinkDownPart } from './link/parts.ts';
import { createUpLanes, type UpLanes } from './link/up/up-lanes.ts';

type Common = {
  readonly config: SiteConfig;
  readonly hub: HubSettings;
  readonly store: Store;
  readonly time: TimeKeeper;
  readonly random: Random;
  readonly log: Log;
};

/** Who this box is to head office, as its disk has it; a code in the site file is taken up. Rejects with an AppError. */
export async function openSiteIdentity({ config, hub, store, time, random, log }: Common): Promise<SiteIdentity> {
  const identity = await SiteIdentity.open({
    ...{ site: config.site, x509, crypto: enrolmentCrypto, hardware: await readHardware(), version: packageVersion() },
    releaseCrypto: { sha256: sha256OfText, verify: verifyRelease, keyId: releaseKeyId },
    files: await openPrivateFiles(join(config.dataDir, 'link')),
    ...{ createSealingKeys, random, clock: time, log },
    tell: (event) => store.commit([], [event]),
  });
  if (hub.code !== undefined) await identity.joinByFile(hub.code);
  return identity;
}

export type HubLinkParts = Common & {
  readonly identity: SiteIdentity;
  readonly down: LinkDownPart & { onChange(run: () => void): () => void };
  /** All that the site says of itself now, by key. */
  readonly entries: () => ReadonlyMap<string, unknown>;
  readonly env: NodeJS.ProcessEnv;
  readonly bootDelayMs?: number | undefined;
};

export interface HubLink {
  view(): LinkView;
  readonly up: UpLanes;
  stop(): Promise<void>;
}

/** The link to head office: starts at once, and goes on trying for as long as the site runs. */
export async function startHubLink(parts: HubLinkParts): Promise<HubLink> {
  const { identity, hub, down, time, random, log, env } = parts;
  const session = Buffer.from(random.bytes(12)).toString('hex');
  const hardware = await readHardware();
  const up = await createUpLanes({ ...parts, clock: time, session });
  const unhook = down.onChange(() => up.stateChanged());
  const way = { url: hub.url, inspectionCa: await readInspectionCa(hub.inspectionCa), time, random, env };
  const link = startLink({
    ...{ identity, up, down, session, time, random, log, bootDelayMs: parts.bootDelayMs },
    client: createLinkClient({ ...way, identity: () => identity.current(), roots: () => identity.roots() }),
    stranger: createLinkClient({ ...way, identity: () => undefined, roots: () => [] }),
    about: () => ({
      ...{ version: packageVersion(), capabilities: Object.values(BUNDLE_NEEDS), hardware },
      sealingKey: Buffer.from(identity.sealing()?.publicKey ?? '', 'base64'),
      keySetVersion: identity.keySet()?.version ?? 0,
    }),
  });
  return {
    up,
    view: link.view,
    stop: async () => {
      unhook();
      await link.stop();
      up.stop();
    },
  };
}

async function readInspectionCa(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readText(path);
  if (text === undefined) throw new AppError('config-invalid', `${path}, named in hub.inspectionCa, is not there`);
  return text;
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version;
}
