import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventLines } from './sse.ts';

const STREAM = ': connected\n\nid: a-1\ndata: {"view":"sites"}\n\n: here\n\nid: a-2\ndata: one\ndata: two\n\n';

describe('a stream of server-sent events', () => {
  it('is read whole, with comments left out and lines of one event joined', () => {
    const lines = new EventLines();
    expect(lines.take(STREAM)).toEqual(['{"view":"sites"}', 'one\ntwo']);
    expect(lines.lastId).toBe('a-2');
  });

  it('is the same however it is cut, with either end of line', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: STREAM.length }));
    fc.assert(
      fc.property(cuts, fc.boolean(), (at, isCrLf) => {
        const text = isCrLf ? STREAM.replaceAll('\n', '\r\n') : STREAM;
        const edges = [0, ...at.sort((a, b) => a - b), text.length];
        const lines = new EventLines();
        const seen = edges.slice(1).flatMap((end, i) => lines.take(text.slice(edges[i], end)));
        expect(seen).toEqual(['{"view":"sites"}', 'one\ntwo']);
      }),
    );
  });

  it('tells nothing of an event that is not at its end', () => {
    expect(new EventLines().take('data: half\n')).toEqual([]);
  });
});
