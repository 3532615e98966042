/** Runs work once for all who ask for the same thing while it is under way. */
export type SingleFlight = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** One table of work under way. Of one name there must be only one kind of work, and so one type of answer. */
export function createSingleFlight(): SingleFlight {
  const flying = new Map<string, Promise<unknown>>();
  return <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const known = flying.get(name);
    if (known) return known as Promise<T>;
    const flight = work().finally(() => flying.delete(name));
    flying.set(name, flight);
    return flight;
  };
}
