import type { Log } from './ports.ts';

/** What takes down again what was put up. */
export type Undo = () => Promise<void> | void;

/** Takes all of it down, the last first. One part that fails is told of, and keeps no other up. */
export async function unwind(undo: Undo[], log: Log): Promise<void> {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (error) {
      log.error({ error }, 'a part did not stop as it should');
    }
  }
}
