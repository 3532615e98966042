import { BOOT_STAGES, type BootStage } from '../../../model/boot.ts';
import type { StallFacts } from './stall-facts.ts';

/** How long a stage may last: so many milliseconds, or as long as the template says a machine is held, or an install may take. */
export type Allowed = number | 'hold' | 'within';

/** One way in which a boot may stand still, and what a person without a laptop does about it. */
export type StallRow = {
  readonly id: string;
  readonly stages: readonly BootStage[];
  /** All that it names must be so. */
  readonly when: Partial<StallFacts>;
  readonly allowed: Allowed;
  readonly cause: string;
  readonly nextStep: string;
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A system has three minutes from its last file to its configuration: slow disks and switches need one. */
const TO_CONFIGURATION = 3 * MINUTE;
const TO_UP = 10 * MINUTE;

/** The first row that fits is the one. The last row of each stage fits always. */
export const STALL_TABLE: readonly StallRow[] = [
  {
    id: 'seen-deaf',
    stages: ['seen'],
    when: { answers: 'ignored' },
    allowed: 0,
    cause: 'it was answered in every form that this site knows, and its firmware takes none of them',
    nextStep:
      'Put into the DHCP of the store’s router: next-server (66) = NEXT-SERVER, boot file (67) = BOOT-FILE. If this site is the only DHCP server there, look for a second one that the machine listens to, or update its firmware',
  },
  {
    id: 'seen-bios',
    stages: ['seen'],
    when: { firmware: 'bios' },
    allowed: MINUTE,
    cause: 'it has an address, and did not fetch its loader by TFTP',
    nextStep:
      'Switch it off and on. If it stays: let UDP port 69 through between it and this site, and put the network card before the disk in its boot order',
  },
  {
    id: 'seen-uefi',
    stages: ['seen'],
    when: { firmware: 'uefi' },
    allowed: MINUTE,
    cause: 'it has an address, and did not fetch its loader by TFTP',
    nextStep:
      'Switch it off and on. If it stays: let UDP port 69 through between it and this site, and choose "IPv4 PXE" in its boot menu, not "HTTP" or "IPv6"',
  },
  {
    id: 'seen',
    stages: ['seen'],
    when: {},
    allowed: MINUTE,
    cause: 'it has an address, and did not fetch its loader',
    nextStep: 'Look at its screen; then switch it off and on, and choose the network in its boot menu',
  },
  {
    id: 'loader-again',
    stages: ['loader'],
    when: { hops: 'again' },
    allowed: 0,
    cause:
      'its loader is fetched again and again, and never asks for its script: another DHCP server tells it to start a loader',
    nextStep:
      'Let the other DHCP server name no boot file to a client that says iPXE in option 77 or 175, or none at all; slipway doctor shows which servers there are',
  },
  {
    id: 'loader-asks',
    stages: ['loader'],
    when: { loader: 'asks' },
    allowed: 10 * MINUTE,
    cause: 'it waits for files or secrets that are not on this site yet, or for its turn',
    nextStep: 'Leave it on: it goes on by itself. `slipway status` shows which are missing, and why',
  },
  {
    id: 'loader-runs',
    stages: ['loader'],
    when: { loader: 'runs' },
    allowed: 30 * SECOND,
    cause: 'its loader runs and has an address, and asked for no script',
    nextStep:
      'Look at its screen: it shows an error with a number. Then look at the network cable, and let TCP port 80 through between it and this site',
  },
  {
    id: 'loader-uefi-shim',
    stages: ['loader'],
    when: { firmware: 'uefi', loader: 'silent', spare: 'shim' },
    allowed: 30 * SECOND,
    cause: 'it fetched its loader whole and did not start it: probably Secure Boot is on',
    nextStep: 'Start it again: shim, which Secure Boot accepts, is tried next',
  },
  {
    id: 'loader-other',
    stages: ['loader'],
    when: { loader: 'silent', spare: 'other' },
    allowed: 30 * SECOND,
    cause: 'it fetched its loader whole, and the loader was not heard',
    nextStep: 'Start it again: another loader is tried next',
  },
  {
    id: 'loader-uefi-silent',
    stages: ['loader'],
    when: { firmware: 'uefi', loader: 'silent' },
    allowed: 30 * SECOND,
    cause: 'it fetched its loader whole and did not start it: probably Secure Boot is on',
    nextStep: 'Switch Secure Boot off in the settings of its firmware, then start it again',
  },
  {
    id: 'loader-bios-silent',
    stages: ['loader'],
    when: { firmware: 'bios', loader: 'silent' },
    allowed: 30 * SECOND,
    cause: 'it fetched its loader whole, and the loader does not find the network card',
    nextStep: 'Switch it off and on. If it stays: update its firmware, or set its boot mode to UEFI',
  },
  {
    id: 'loader',
    stages: ['loader'],
    when: {},
    allowed: 30 * SECOND,
    cause: 'it fetched its loader, and asked for no script',
    nextStep: 'Look at its screen, then at its network cable, then switch it off and on',
  },
  {
    id: 'held',
    stages: ['held'],
    when: {},
    allowed: 'hold',
    cause: 'nobody gave it a slot while it showed its code; it went on with its own disk, or was switched off',
    nextStep: 'If it is to boot from here: start it again, and give it a slot with `slipway claim CODE SLOT`',
  },
  {
    id: 'script-install',
    stages: ['script'],
    when: { profile: 'install' },
    allowed: MINUTE,
    cause: 'it was told to install, and did not fetch the installer',
    nextStep: 'Look at its screen: an error there has a number. Then switch it off and on; nothing was erased yet',
  },
  {
    id: 'script',
    stages: ['script'],
    when: {},
    allowed: MINUTE,
    cause: 'it has its script, and did not fetch its system',
    nextStep:
      'Look at its screen: an error there has a number. Then look at its network cable, and switch it off and on',
  },
  {
    id: 'kernel-part',
    stages: ['kernel'],
    when: { sent: 'part' },
    allowed: MINUTE,
    cause: 'the transfer of its system stopped in the middle',
    nextStep: 'Look at its network cable and at the light of the switch port, then switch it off and on',
  },
  {
    id: 'configuration-user-data',
    stages: ['kernel', 'os'],
    when: { configuration: 'user-data' },
    allowed: TO_CONFIGURATION,
    cause: 'it fetched its system, and never asked for its configuration',
    nextStep:
      'Look at its screen: a kernel that stopped says why. If it shows a login: `ds=nocloud-net;s=@{boot.url.nocloud}` is missing in the command line of its profile',
  },
  {
    id: 'configuration-talos',
    stages: ['kernel', 'os'],
    when: { configuration: 'talos' },
    allowed: TO_CONFIGURATION,
    cause: 'it fetched Talos, and Talos never asked for its configuration',
    nextStep:
      'Look at its screen. Talos asks less and less often: switch it off and on, and it asks at once. If it stays: `talos.config=` is missing in the command line of its profile',
  },
  {
    id: 'configuration-ignition',
    stages: ['kernel', 'os'],
    when: { configuration: 'ignition' },
    allowed: TO_CONFIGURATION,
    cause: 'it fetched its system, and Ignition never asked for its configuration',
    nextStep:
      'Look at its screen. If it shows a login: `ignition.firstboot` and `ignition.config.url=` are missing in the command line of its profile',
  },
  {
    id: 'configuration-preseed',
    stages: ['kernel', 'os'],
    when: { configuration: 'preseed' },
    allowed: TO_CONFIGURATION,
    cause: 'it fetched the installer of Debian, which never asked for its answers',
    nextStep:
      'Look at its screen: the installer asks there what it could not find out. `auto=true` and `url=` belong into the command line of its profile',
  },
  {
    id: 'configuration-kickstart',
    stages: ['kernel', 'os'],
    when: { configuration: 'kickstart' },
    allowed: TO_CONFIGURATION,
    cause: 'it fetched the installer, which never asked for its kickstart file',
    nextStep: 'Look at its screen. `inst.ks=` belongs into the command line of its profile',
  },
  {
    id: 'kernel',
    stages: ['kernel'],
    when: {},
    allowed: TO_CONFIGURATION,
    cause: 'it fetched its system, which was never heard',
    nextStep: 'Look at its screen: a kernel that stopped says why. Then switch it off and on',
  },
  {
    id: 'os',
    stages: ['os'],
    when: {},
    allowed: TO_UP,
    cause: 'its system runs, and nothing in its profile lets it say that it is up',
    nextStep: 'If it works, nothing is wrong with it: ask head office to let it phone home in its user-data',
  },
  {
    id: 'configured-install',
    stages: ['configured'],
    when: { profile: 'install' },
    allowed: 'within',
    cause: 'its installer has its configuration, and did not begin',
    nextStep: 'Look at its screen: an installer that stopped asks or complains there',
  },
  {
    id: 'configured',
    stages: ['configured'],
    when: {},
    allowed: TO_UP,
    cause: 'its system has its configuration, and never said that it is up',
    nextStep: 'Look at its screen, and at its lines in `slipway events --slot SLOT`; then switch it off and on',
  },
  {
    id: 'installing-talos',
    stages: ['installing'],
    when: { completes: 'talos-running' },
    allowed: 'within',
    cause: 'Talos has its configuration, and never said that it runs',
    nextStep:
      'Look at its screen. If it shows "Running": `talos.events.sink=` in its profile and `signals.eventSink` in the site file let it say so; or type `slipway confirm SLOT`',
  },
  {
    id: 'installing-disk',
    stages: ['installing'],
    when: { completes: 'disk-boot' },
    allowed: 'within',
    cause: 'its installer has its configuration, and it never started from its disk',
    nextStep:
      'Look at its screen: the installer asks or complains there. If it is done: put the network before the disk in the boot order, and start it again',
  },
  {
    id: 'installing',
    stages: ['installing'],
    when: {},
    allowed: 'within',
    cause: 'its installer has its configuration, and never said that it is done',
    nextStep:
      'Look at its screen: the installer asks or complains there. If its system is there and works: type `slipway confirm SLOT`',
  },
];

/** What comes before the first stage: no boot is open yet, for anybody can ask. */
export const OFFERED: Pick<StallRow, 'id' | 'cause' | 'nextStep'> & { readonly allowed: number } = {
  id: 'offered',
  allowed: 45 * SECOND,
  cause: 'it asks for an address again and again, and takes none',
  nextStep:
    'Look for a second DHCP server in this network, such as a router, and switch it off; let the switch port come up at once (PortFast). The log of this site says `ignored, because` if it was not offered one',
};

/** Stages in which a boot can stand still: one that is done has ended. */
export const STALLING_STAGES: readonly BootStage[] = BOOT_STAGES.filter((stage) => stage !== 'done');

/** The row for a boot in `stage`; undefined only for one that is done. */
export function findStallRow(stage: BootStage, facts: StallFacts): StallRow | undefined {
  return STALL_TABLE.find(
    ({ stages, when }) =>
      stages.includes(stage) &&
      Object.entries(when).every(([fact, value]) => facts[fact as keyof StallFacts] === value),
  );
}
