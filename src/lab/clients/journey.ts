import type { Stage } from './report.ts';

/** What one client met at one stage. */
export type StageNote = {
  readonly answerMs: number;
  readonly wholeMs: number;
  readonly repeats: number;
  readonly bytes: number;
};

/** Why a client did not come through. */
export class JourneyEnd extends Error {
  override readonly name = 'JourneyEnd';
}

/** The stopwatch of a stage. */
export class Stopwatch {
  #askedAt: number | undefined;
  #answeredAt: number | undefined;
  #endedAt: number | undefined;
  repeats = 0;
  bytes = 0;

  ask(): void {
    this.#askedAt ??= performance.now();
  }

  answer(): void {
    this.#answeredAt ??= performance.now();
  }

  /** What comes after the answer is the client's own waiting, and no part of the stage. */
  stopAtAnswer(): void {
    this.#endedAt = this.#answeredAt;
  }

  note(): StageNote {
    const now = this.#endedAt ?? performance.now();
    const from = this.#askedAt ?? now;
    const { repeats, bytes } = this;
    return { answerMs: (this.#answeredAt ?? now) - from, wholeMs: now - from, repeats, bytes };
  }
}

/** What one client went through, stage by stage. */
export class Journey {
  readonly notes = new Map<Stage, StageNote>();
  #stage: Stage = 'offer';

  /** Where it is. */
  get stage(): Stage {
    return this.#stage;
  }

  /** Runs a stage, or a further part of it; what took part of it longest is its answer, and all parts together the whole. */
  async at<T>(stage: Stage, run: (watch: Stopwatch) => Promise<T>): Promise<T> {
    this.#stage = stage;
    const watch = new Stopwatch();
    watch.ask();
    const result = await run(watch);
    this.add(stage, watch.note());
    return result;
  }

  add(stage: Stage, note: StageNote): void {
    this.#stage = stage;
    const before = this.notes.get(stage) ?? { answerMs: 0, wholeMs: 0, repeats: 0, bytes: 0 };
    this.notes.set(stage, {
      answerMs: Math.max(before.answerMs, note.answerMs),
      wholeMs: before.wholeMs + note.wholeMs,
      repeats: before.repeats + note.repeats,
      bytes: before.bytes + note.bytes,
    });
  }

  /** At a stage without having asked anything yet. */
  enter(stage: Stage): void {
    this.#stage = stage;
  }
}
