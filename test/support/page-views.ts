import type { BootView, InstallView, MachineView, NodeView, OrderView, SiteStatus } from '../../src/wire/api/views.ts';

/** Midday on the phone, wherever it is. */
export const NOW = new Date(2026, 10, 21, 12, 0).getTime();
export const MINUTE = 60_000;

export function sampleMachine(more: Partial<MachineView> = {}): MachineView {
  return {
    ...{ id: 'm1', code: 'K7PW', macs: ['52:54:00:00:00:01'], manufacturer: 'Dell', product: 'OptiPlex 3080' },
    ...{ serial: 'CZC123', firstSeen: NOW - 5 * MINUTE, lastSeen: NOW, held: false, sentence: '' },
    ...more,
  };
}

export function sampleBoot(stage: string, more: Partial<BootView> = {}): BootView {
  const stages = [
    { stage: 'seen', sentence: 'switched on', at: NOW - 2 * MINUTE, tookMs: MINUTE },
    { stage, sentence: `does ${stage}`, at: NOW - MINUTE },
  ];
  return {
    id: 'b1',
    machine: 'm1',
    mac: '',
    openedAt: NOW - 2 * MINUTE,
    sentence: 'did something',
    stages,
    tookMs: 2 * MINUTE,
    ...more,
  };
}

export function sampleOrder(state: string, more: Partial<OrderView> = {}): OrderView {
  return {
    ...{
      id: 'o1',
      binding: 1,
      state,
      by: 'page',
      createdAt: NOW,
      expiresAt: NOW,
      attempts: 0,
      maxAttempts: 3,
      wipe: false,
      sentence: '',
    },
    ...more,
  };
}

export function sampleInstall(more: Partial<InstallView> = {}): InstallView {
  return { orders: [], differs: false, because: 'it is installed', ...more };
}

/** A slot that works. */
export function sampleNode(more: Partial<NodeView> = {}): NodeView {
  return {
    slot: 'pos-1',
    profile: 'pos',
    state: 'enrolled',
    sentence: '',
    since: NOW - MINUTE,
    machine: sampleMachine(),
    ...more,
  };
}

export function sampleStatus(more: Partial<SiteStatus> = {}): SiteStatus {
  return {
    ...{
      site: 'store-0417',
      at: NOW,
      ready: true,
      notReady: [],
      armed: true,
      networks: [],
      held: 0,
      assets: [],
      alarms: [],
      missingSecrets: [],
    },
    slots: { empty: 0, waiting: 0, booting: 0, stalled: 0, enrolled: 0, lost: 0, local: 0, refused: 0 },
    ...more,
  };
}
