import type { PassedSocket } from '../adapters/node/systemd-sockets.ts';
import type { NodeUdpPort } from '../adapters/node/udp.ts';
import type { Digest } from '../kernel/digest.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import type { ContentStore } from '../model/content.ts';
import type { LoaderTable, RevisionSource, SiteAddress } from '../model/site-ports.ts';
import type { BootDesk } from './boot/routes.ts';
import { assetSent, createBootFiles } from './boot-files.ts';
import type { SiteConfig } from './config.ts';
import { tftpSettings, withHanded } from './handed-sockets.ts';
import { createTftpServer, type TftpServer } from './tftp/server.ts';
import type { createTransferSignals } from './transfers-to-signals.ts';

export type SiteTftpParts = {
  readonly config: SiteConfig;
  readonly passed: readonly PassedSocket[];
  readonly udp: NodeUdpPort;
  readonly loaders: LoaderTable;
  readonly content: ContentStore;
  readonly desk: BootDesk;
  readonly revisions: RevisionSource;
  readonly transfers: ReturnType<typeof createTransferSignals>;
  readonly isHeldBack: (digest: Digest) => boolean;
  readonly clock: Clock;
  readonly log: Log;
};

/** The TFTP server of a site, made when it is known at which addresses. */
export function createSiteTftp(parts: SiteTftpParts): (at: readonly SiteAddress[]) => TftpServer {
  const { config, passed, udp, loaders, content, desk, revisions, transfers, isHeldBack, clock, log } = parts;
  return (at) =>
    createTftpServer({
      ...{ clock, log },
      onTransfer: (report) => {
        transfers.onTftp(report);
        const sent = assetSent(report);
        if (sent) transfers.onAsset(sent);
      },
      udp: withHanded(udp, passed, 'tftp', config.ports.tftp),
      files: createBootFiles({
        ...{ loaders, content, desk, clock, isHeldBack, onProgress: transfers.onAsset },
        raspberryPi: () => revisions.current()?.raspberryPi,
      }),
      settings: tftpSettings(config, at, passed),
    });
}
