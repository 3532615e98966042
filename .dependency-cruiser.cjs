// The import law as a list of what is allowed: an arrow that no row names is an error, so a new folder starts with nothing.
const npm = (...names) => `^node_modules/(${names.join('|')})/`;
const edge = '^src/(site|hub)/([^/]+)/(?!codec/|policy/).+\\.ts$';

module.exports = {
  forbidden: [{ name: 'no-cycles', severity: 'error', from: { path: '^src/' }, to: { circular: true } }],
  allowedSeverity: 'error',
  allowed: [
    // pure
    { from: { path: '^src/kernel/' }, to: { path: '^src/kernel/' } },
    { from: { path: '^src/model/' }, to: { path: '^src/(kernel|model)/' } },
    { from: { path: '^src/template/' }, to: { path: '^src/(kernel|model|template)/' } },
    { from: { path: '^src/template/' }, to: { path: npm('zod', 'yaml', 'liquidjs') } },
    { from: { path: '^src/wire/' }, to: { path: '^src/(kernel|model|wire)/' } },
    { from: { path: '^src/wire/(health|link)/gen/' }, to: { path: npm('@bufbuild/protobuf') } },
    { from: { path: '^src/(site|hub)/([^/]+)/codec/' }, to: { path: '^src/(kernel/|$1/$2/codec/)' } },
    {
      from: { path: '^src/(site|hub)/([^/]+)/policy/' },
      to: { path: '^src/(kernel/|model/|wire/|$1/$2/(codec|policy)/)' },
    },
    // edges of a room: the room, what lies below it, and Node; a room never sees another
    { from: { path: edge }, to: { path: '^src/(kernel/|model/|wire/|$1/$2/)' } },
    { from: { path: edge }, to: { dependencyTypes: ['core'] } },
    {
      from: {
        path: '^src/(site|hub)/[^/]+/(routes|stream)\\.ts$|^src/site/api/(door|page)\\.ts$|^src/hub/api/page\\.ts$',
      },
      to: { path: npm('fastify') },
    },
    // the admin API is made from contracts: what comes in is checked, and described, by one schema
    { from: { path: '^src/hub/api/(?!policy/)' }, to: { path: npm('zod') } },
    { from: { path: '^src/site/content/' }, to: { path: npm('yaml', 'zod') } },
    { from: { path: '^src/site/registry/tar\\.ts$' }, to: { path: npm('tar') } },
    { from: { path: '^src/site/metadata/' }, to: { path: npm('yaml') } },
    {
      from: { path: '^src/site/signals/(?!codec/|policy/)' },
      to: { path: npm('@grpc/grpc-js', '@bufbuild/protobuf') },
    },
    // adapters: the only ones to know a driver
    { from: { path: '^src/adapters/([^/]+)/' }, to: { path: '^src/(kernel/|model/|adapters/$1/)' } },
    { from: { path: '^src/adapters/' }, to: { dependencyTypes: ['core'] } },
    { from: { path: '^src/adapters/store/' }, to: { path: npm('better-sqlite3', '@types/better-sqlite3') } },
    { from: { path: '^src/adapters/http/' }, to: { path: npm('fastify') } },
    { from: { path: '^src/adapters/node/' }, to: { path: npm('pino') } },
    // both ends of the link: what travels is bytes of `wire`, and who decides is a room
    { from: { path: '^src/adapters/link/' }, to: { path: '^src/wire/' } },
    { from: { path: '^src/adapters/link/' }, to: { path: npm('@grpc/grpc-js') } },
    { from: { path: '^src/adapters/(link|node)/x509\\.ts$' }, to: { path: npm('@peculiar/x509') } },
    { from: { path: '^src/adapters/node/page-bundle\\.ts$' }, to: { path: npm('esbuild') } },
    // the page runs in a browser: what both ends say, and nothing of Node
    { from: { path: '^src/web/' }, to: { path: '^src/(kernel|wire|web)/' } },
    { from: { path: '^src/web/' }, to: { path: npm('preact') } },
    // composition roots and what stands above them
    { from: { path: '^src/site/[^/]+\\.ts$' }, to: { path: '^src/(kernel|model|template|wire|adapters|site)/' } },
    { from: { path: '^src/site/[^/]+\\.ts$' }, to: { dependencyTypes: ['core'] } },
    { from: { path: '^src/site/[^/]+\\.ts$' }, to: { path: npm('zod', 'yaml', 'prom-client', 'fastify') } },
    { from: { path: '^src/hub/[^/]+\\.ts$' }, to: { path: '^src/(kernel|model|template|wire|adapters|hub)/' } },
    { from: { path: '^src/hub/[^/]+\\.ts$' }, to: { dependencyTypes: ['core'] } },
    { from: { path: '^src/hub/[^/]+\\.ts$' }, to: { path: npm('zod', 'yaml', 'prom-client', 'fastify') } },
    {
      from: { path: '^src/cli/' },
      to: { path: '^src/(kernel|model|template|wire|adapters|lab|cli)/|^src/site/[^/]+\\.ts$|^src/hub/[^/]+\\.ts$' },
    },
    { from: { path: '^src/cli/' }, to: { path: npm('commander', 'yaml', 'uqr') } },
    { from: { path: '^src/(cli|lab)/|^src/main\\.ts$' }, to: { dependencyTypes: ['core'] } },
    { from: { path: '^src/lab/' }, to: { path: '^src/(kernel|model|wire|adapters|lab)/' } },
    { from: { path: '^src/main\\.ts$' }, to: { path: '^src/(kernel|cli|adapters/node)/' } },
    { from: { path: '^src/main\\.ts$' }, to: { path: npm('commander') } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.test\\.ts$' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
};
