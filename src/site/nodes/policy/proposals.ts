import { matchesMac } from '../../../kernel/mac.ts';
import { matchesPattern } from '../../../kernel/pattern.ts';
import type { Machine } from '../../../model/machine.ts';
import { evidenceOf, macsOf } from '../../../model/machine.ts';
import type { HardwareClass, Revision, Slot } from '../../../model/revision.ts';
import type { SiteState } from '../../../model/store.ts';
import type { ProposalView } from '../../../wire/api/views.ts';
import { whyNotSilent } from './silent.ts';

/**
 * The slots that an unknown machine probably is for: empty ones and those whose machine is silent, as far as the model
 * does not speak against it. Those of the same model first, and if any is, only those.
 */
export function proposeSlots(machine: Machine, revision: Revision, state: SiteState, now: number): ProposalView[] {
  const candidates = Object.values(revision.slots).flatMap((slot) => candidateOf(slot, machine, revision, state, now));
  const same = candidates.filter(({ isSame }) => isSame);
  const chosen = same.length > 0 ? same : candidates;
  const only = chosen.length === 1 ? ', the only one' : '';
  return chosen.map(({ proposal: { command, slot, because } }) => ({ command, slot, because: `${because}${only}` }));
}

type Candidate = { readonly isSame: boolean; readonly proposal: ProposalView };

function candidateOf(
  slot: Slot,
  machine: Machine,
  revision: Revision,
  state: SiteState,
  now: number,
): readonly Candidate[] {
  const wanted = revision.hardware.find(({ name }) => name === slot.hardware);
  if (wanted && !isOfClass(machine, wanted)) return [];
  const binding = state.currentBinding(slot.name);
  if (!binding) {
    const because = wanted ? `empty, and meant for ${wanted.name}` : 'empty';
    return [{ isSame: wanted !== undefined, proposal: { command: 'claim', slot: slot.name, because } }];
  }
  if (whyNotSilent(state, binding.machine, now) !== undefined) return [];
  const former = state.machines.get(binding.machine);
  const isSame = former !== undefined && isSameModel(former, machine);
  const because = isSame ? 'its machine is silent, and of the same model' : 'its machine is silent';
  return [{ isSame, proposal: { command: 'replace', slot: slot.name, because } }];
}

function isSameModel(a: Machine, b: Machine): boolean {
  const product = evidenceOf(a, 'product');
  return product !== undefined && product === evidenceOf(b, 'product');
}

/** What the machine does not say speaks for nothing and against nothing. */
function isOfClass(machine: Machine, { match }: HardwareClass): boolean {
  const { mac } = match;
  if (mac !== undefined && !macsOf(machine).some((one) => matchesMac(mac, one))) return false;
  return (['manufacturer', 'product'] as const).every((kind) => {
    const pattern = match[kind];
    const said = evidenceOf(machine, kind);
    return pattern === undefined || said === undefined || matchesPattern(pattern, said);
  });
}
