/**
 * Takes a stream of server-sent events apart, piece by piece as they come.
 * (WHATWG HTML 9.2.6; `event` and `retry` are not used here.)
 */
export class EventLines {
  #rest = '';
  #data: string[] = [];
  /** The id that came last; the next stream begins behind it. */
  lastId = '';

  /** The data of each event that is complete with this piece. */
  take(piece: string): readonly string[] {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line.replace(/\r$/, '')));
  }

  #line(line: string): readonly string[] {
    if (line === '') {
      const done = this.#data;
      this.#data = [];
      return done.length === 0 ? [] : [done.join('\n')];
    }
    const [, field, value = ''] = /^(\w+):? ?(.*)$/.exec(line) ?? [];
    if (field === 'data') this.#data.push(value);
    if (field === 'id') this.lastId = value;
    return [];
  }
}
