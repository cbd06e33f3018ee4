/**
 * Who may import whom (docs/architecture.md, "Rooms"). A room lists the rooms it may look into;
 * everything else is refused, and so is every cycle.
 */
const rooms = {
  phone: [],
  telemetry: [],
  shop: ['phone', 'store', 'telemetry'],
  store: ['telemetry'],
  line: ['phone', 'shop', 'store', 'telemetry'],
  record: ['line', 'phone', 'shop', 'store', 'telemetry'],
  sip: ['phone', 'store', 'telemetry'],
  media: ['telemetry'],
  account: ['sip', 'line', 'store', 'telemetry'],
  call: ['account', 'sip', 'media', 'line', 'record', 'phone', 'shop', 'store', 'telemetry'],
  http: ['account', 'call', 'media', 'sip', 'line', 'record', 'phone', 'shop', 'store', 'telemetry'],
  embedded: ['media', 'telemetry'],
  // It knows the server by its HTTP API only.
  cli: []
}
// Files at the top of src/ that every room may use: names, and small tools that know nothing of calls.
const shared = '^src/(errors|config|events|deadline|follow|fresh|ids|pace)\\.ts$'

/** Each library with traps has one adapter; nobody else may import it. */
const adapters = [
  ['drachtio-srf', '^src/sip/'],
  ['drachtio-fsmrf', '^src/media/freeswitch/'],
  ['rtpengine-client', '^src/media/rtpengine/'],
  ['ioredis', '^src/store/'],
  ['fastify', '^src/http/'],
  ['@opentelemetry', '^src/telemetry/traces/']
]

module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    // In the browser lit-html lies under lib/ of the console; on the disk it is a package.
    { name: 'no-orphan-import', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^\\./lib/' } },
    {
      name: 'pages-know-pages-only',
      severity: 'error',
      from: { path: '^src/http/console/web/' },
      to: { pathNot: '^src/http/console/web/|^\\./lib/|node_modules/lit-html/' }
    },
    { name: 'server-knows-no-page', severity: 'error', from: { path: '^src/', pathNot: '^src/http/console/web/' }, to: { path: '^src/http/console/web/' } },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `room-${room}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: [`^src/${room}/`, shared, ...allowed.map((name) => `^src/${name}/`)] }
    })),
    ...adapters.map(([library, home]) => ({
      name: `only-in-adapter-${library}`,
      severity: 'error',
      from: { path: '^src/', pathNot: home },
      to: { path: `node_modules/${library}/` }
    })),
    {
      name: 'embedded-is-known-to-main-and-demo-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(embedded|demo|media/embedded)/|^src/main\\.ts$' },
      to: { path: '^src/embedded/' }
    },
    {
      name: 'shared-files-import-no-room',
      severity: 'error',
      from: { path: shared },
      to: { path: '^src/[a-z]+/' }
    }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] }
  }
}
