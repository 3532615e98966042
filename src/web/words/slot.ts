import type { BootView, InstallView, NodeView } from '../../wire/api/views.ts';
import { capital, plain, plainSentence } from './plain.ts';
import { howLong, sinceWhen } from './time.ts';

/** How a state looks: well, under way, of interest, wrong, or nothing there. */
export type Tone = 'good' | 'busy' | 'note' | 'bad' | 'none';

/** A slot as a person reads it. */
export type SlotWords = {
  readonly word: string;
  readonly tone: Tone;
  /** What is the matter, in a sentence. */
  readonly detail: string;
  /** What a person does now, if anything. */
  readonly toDo?: string;
  /** What is so besides. */
  readonly notes: readonly string[];
};

/** What a machine does in each stage of a start, as one says it while it does. */
export const STEPS: Readonly<Record<string, string>> = {
  seen: 'switched on',
  loader: 'getting ready to start from the network',
  held: 'shows its code and waits',
  script: 'was told what to do',
  kernel: 'fetching its system',
  os: 'its system runs',
  configured: 'its system has its settings',
  installing: 'installing',
  done: 'done',
};

/** The state of a slot; `now` is the time of the site. */
export function slotWords(node: NodeView, now: number): SlotWords {
  return { ...stateWords(node, now), notes: [...contendersOf(node), ...notesOf(node)] };
}

type State = Omit<SlotWords, 'notes'>;

function stateWords(node: NodeView, now: number): State {
  const { boot, install } = node;
  if (boot?.stall && (node.state === 'stalled' || !boot.outcome)) return stalled(boot.stall, now);
  const parked = node.state === 'enrolled' || node.state === 'booting' ? undefined : parkedOf(install);
  if (parked && node.state !== 'empty') return parked;
  switch (node.state) {
    case 'empty':
      return { word: 'Empty', tone: 'none', detail: 'No machine is in this slot.' };
    case 'booting':
      return { word: 'Starting', tone: 'busy', detail: `${capital(doing(boot))}, ${howFar(boot, now)}.` };
    case 'enrolled':
      return { word: 'Working', tone: 'good', detail: since(node, now) };
    case 'lost':
      return {
        ...{ word: 'Lost', tone: 'bad', detail: `Nothing was heard of it ${sinceOf(node, now)}.` },
        toDo: 'Is it on? Look at its screen and at its network cable.',
      };
    case 'local':
      return { word: 'Not installed', tone: 'note', ...whyNot(node, 'It runs what is on its own disk.') };
    case 'stalled':
      return { word: 'Stuck', tone: 'bad', detail: 'It made no step for too long.' };
    case 'refused':
      return { word: 'Turned away', tone: 'bad', detail: plainSentence(boot?.sentence ?? node.sentence) };
    case 'waiting':
      return { word: 'Waiting', tone: 'note', ...whyNot(node, `The machine ${plain(node.sentence).toLowerCase()}.`) };
  }
}

function stalled({ cause, nextStep, since: at }: NonNullable<BootView['stall']>, now: number): State {
  const detail = `For ${howLong(Math.max(0, now - at))}: ${plainSentence(cause)}`;
  return { word: 'Stuck', tone: 'bad', detail, toDo: plainSentence(nextStep) };
}

function parkedOf(install: InstallView | undefined): State | undefined {
  const newest = install?.orders[0];
  if (newest?.state !== 'parked') return undefined;
  return {
    ...{ word: 'Install given up', tone: 'bad', detail: plainSentence(newest.sentence.replace(/^no install: /, '')) },
    ...(install?.toDo === undefined ? {} : { toDo: plainSentence(install.toDo) }),
  };
}

/** Why nothing is installed, where that is the point, else `otherwise`. */
function whyNot({ install }: NodeView, otherwise: string): Pick<State, 'detail' | 'toDo'> {
  if (install === undefined) return { detail: otherwise };
  if (install.because === undefined)
    return { detail: 'Its install is ordered.', toDo: 'Switch it off and on: then it begins.' };
  return {
    detail: `${otherwise} ${plainSentence(install.because)}`,
    ...(install.toDo === undefined ? {} : { toDo: plainSentence(install.toDo) }),
  };
}

function doing(boot: BootView | undefined): string {
  const stage = boot?.stages[boot.stages.length - 1]?.stage ?? 'seen';
  // In a slot it only waits until it asks again.
  const step = stage === 'held' ? 'has its slot now, and goes on by itself in a moment' : (STEPS[stage] ?? stage);
  return boot?.percent === undefined ? step : `${step}, ${boot.percent} %`;
}

function howFar(boot: BootView | undefined, now: number): string {
  return `${howLong(Math.max(0, now - (boot?.openedAt ?? now)))} after it was switched on`;
}

function since(node: NodeView, now: number): string {
  return node.since === undefined ? 'All is well.' : `All is well, ${sinceOf(node, now)}.`;
}

function sinceOf(node: NodeView, now: number): string {
  return node.since === undefined ? 'for a while' : sinceWhen(node.since, now);
}

/** Who else would be this slot; the one that fills it stays. */
function contendersOf({ contenders = [] }: NodeView): string[] {
  return contenders.map(
    ({ because }) => `Another machine would be this slot too: ${plainSentence(because)} Tell head office.`,
  );
}

function notesOf({ install, state }: NodeView): string[] {
  if (!install) return [];
  const [newest] = install.orders;
  const isOrdered = newest?.state === 'open' && !install.held;
  const isWorking = state === 'enrolled';
  return [
    ...(install.held ? ['On hold: nothing is installed here.'] : []),
    ...(install.differs ? ['Head office has a newer setup for it. It goes on with the one that it has.'] : []),
    ...(isWorking && isOrdered ? ['A new install is ordered: it begins when it is switched off and on.'] : []),
    ...(isWorking && newest?.state === 'parked'
      ? [`Its last install was given up: ${plainSentence(newest.sentence.replace(/^no install: /, ''))}`]
      : []),
  ];
}
