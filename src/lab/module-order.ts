/** Which modules each module needs, by path below `lib/modules/<release>`, as depmod writes it. */
export type ModuleDependencies = ReadonlyMap<string, readonly string[]>;

/** Reads `modules.dep`: lines of `path: path path …`. */
export function parseModuleDependencies(text: string): ModuleDependencies {
  const rows = text.split('\n').flatMap((line) => {
    const [path, needs] = line.split(':');
    return path && needs !== undefined ? [[path, needs.split(' ').filter(Boolean)] as const] : [];
  });
  return new Map(rows);
}

/**
 * The paths of the modules named, with all they need, in the order in which insmod takes them. Dashes and underscores
 * are the same in a module's name. Names that are not modules of this kernel are left out: they are built in.
 */
export function loadOrder(names: readonly string[], dependencies: ModuleDependencies): string[] {
  const pathOf = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]));
  const ordered = new Set<string>();
  const add = (path: string) => {
    if (ordered.has(path)) return;
    for (const need of dependencies.get(path) ?? []) add(need);
    ordered.add(path);
  };
  for (const name of names) {
    const path = pathOf.get(name.replaceAll('-', '_'));
    if (path) add(path);
  }
  return [...ordered];
}

/** `kernel/drivers/char/hw_random/virtio-rng.ko.xz` is the module `virtio_rng`. */
export function moduleName(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_');
}
