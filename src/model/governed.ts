import type { BlobSource } from './content.ts';
import type { Wan } from './wan-port.ts';

/** A source at the other end of the line to the outside: its bytes come no faster than the line may be used. */
export function governed(source: BlobSource, wan: Wan): BlobSource {
  return {
    label: source.label,
    deliver: async (request) => {
      const delivery = await source.deliver(request);
      async function* chunks(): AsyncGenerator<Uint8Array> {
        for await (const chunk of delivery.chunks) {
          await wan.take(chunk.length, request.priority(), request.signal);
          yield chunk;
        }
      }
      return { ...delivery, chunks: chunks() };
    },
  };
}
