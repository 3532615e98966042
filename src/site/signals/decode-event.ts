import {
  ConfigLoadErrorEvent,
  ConfigValidationErrorEvent,
  MachineStatusEvent,
  MachineStatusEvent_MachineStage,
  PhaseEvent,
  PhaseEvent_Action,
  SequenceEvent,
  SequenceEvent_Action,
  ServiceStateEvent,
  ServiceStateEvent_Action,
} from './gen/talos-events.ts';
import type { TalosEvent } from './policy/tell-event.ts';

const STAGES = new Map(
  Object.entries(MachineStatusEvent_MachineStage).map(([name, number]) => [
    number as number,
    name.toLowerCase().replaceAll('_', '-'),
  ]),
);

/** By the last word of the type's URL. Types that are missing, such as those of tasks and addresses, tell nothing of a boot. */
const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => TalosEvent>> = {
  SequenceEvent: (bytes) => {
    const { sequence, action, error } = SequenceEvent.decode(bytes);
    return { kind: 'sequence', name: sequence, error: error?.message, begins: action === SequenceEvent_Action.START };
  },
  PhaseEvent: (bytes) => {
    const { phase, action } = PhaseEvent.decode(bytes);
    return { kind: 'phase', name: phase, begins: action === PhaseEvent_Action.START };
  },
  ServiceStateEvent: (bytes) => {
    const { service, action, message } = ServiceStateEvent.decode(bytes);
    return { kind: 'service', name: service, message, failed: action === ServiceStateEvent_Action.FAILED };
  },
  ConfigLoadErrorEvent: (bytes) => ({ kind: 'config-error', error: ConfigLoadErrorEvent.decode(bytes).error }),
  ConfigValidationErrorEvent: (bytes) => ({
    kind: 'config-error',
    error: ConfigValidationErrorEvent.decode(bytes).error,
  }),
  MachineStatusEvent: (bytes) => {
    const { stage, status } = MachineStatusEvent.decode(bytes);
    return { kind: 'machine', stage: STAGES.get(stage) ?? 'unknown', ready: status?.ready ?? false };
  },
};

/**
 * An event as it came in a google.protobuf.Any; undefined for a type that tells nothing.
 * @throws Error if the bytes are not of their type
 */
export function decodeEvent(typeUrl: string, bytes: Uint8Array): TalosEvent | undefined {
  const name = typeUrl.slice(typeUrl.lastIndexOf('/') + 1).replace(/^.*\./, '');
  return Object.hasOwn(DECODERS, name) ? DECODERS[name]?.(bytes) : undefined;
}
