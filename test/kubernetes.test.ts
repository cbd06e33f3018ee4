import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { loadConfig } from '../src/config.js'

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly stringData?: Record<string, string>
  readonly spec?: {
    readonly replicas: number
    readonly strategy: { readonly rollingUpdate: { readonly maxUnavailable: number } }
    readonly template: { readonly spec: { readonly terminationGracePeriodSeconds: number, readonly containers: readonly Container[], readonly volumes: readonly { readonly name: string }[] } }
  }
}

interface Container {
  readonly env: readonly { readonly name: string, readonly value: string }[]
  readonly ports: readonly { readonly name: string, readonly containerPort: number }[]
  readonly volumeMounts: readonly { readonly name: string }[]
  readonly securityContext: { readonly readOnlyRootFilesystem: boolean }
  readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly path: string, readonly port: string } }
}

const documents = parseAllDocuments(readFileSync(new URL('../deploy/kubernetes/maskline.yaml', import.meta.url), 'utf8'), { uniqueKeys: true })
const manifests = documents.map((one) => one.toJS() as Manifest)
const config = readFileSync(new URL('../src/config.ts', import.meta.url), 'utf8')

t.test('every document is YAML and names what it is', async (t) => {
  for (const { errors } of documents) t.same(errors, [])
  t.same(manifests.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`), ['v1 Secret', 'v1 ConfigMap', 'apps/v1 Deployment', 'v1 Service', 'policy/v1 PodDisruptionBudget', 'networking.k8s.io/v1 NetworkPolicy'])
  for (const { metadata } of manifests) t.match(metadata.name, /^[a-z][a-z0-9-]*$/)
})

t.test('it fits the application', async (t) => {
  const [secret, , deployment] = manifests
  const pod = deployment!.spec!.template.spec
  const [container] = pod.containers
  const drain = Number(container!.env.find(({ name }) => name === 'MASKLINE_DRAIN_SECONDS')!.value)
  t.equal(drain, loadConfig({}).call.drainSeconds)
  t.ok(pod.terminationGracePeriodSeconds >= drain + 15, 'a drain is never cut by a kill')
  t.equal(deployment!.spec!.strategy.rollingUpdate.maxUnavailable, 0)
  t.equal(container!.livenessProbe!.httpGet.path, '/healthz', 'a draining process lives')
  t.equal(container!.readinessProbe!.httpGet.path, '/readyz')
  const ports = container!.ports.map(({ name }) => name)
  for (const probe of ['startup', 'liveness', 'readiness'] as const) t.ok(ports.includes(container![`${probe}Probe`]!.httpGet.port))
  for (const { name } of container!.volumeMounts) t.ok(pod.volumes.some((volume) => volume.name === name), name)
  for (const name of [...Object.keys(secret!.stringData!), ...container!.env.map((one) => one.name)]) t.ok(config.includes(name), `${name} is a setting`)
  t.ok(Object.values(secret!.stringData!).every((value) => value === ''), 'no secret in the repository')
})

t.test('the counts are for Prometheus alone: no Service has their port, and a policy lets in nobody else', async (t) => {
  const [, , deployment, service, , policy] = manifests as unknown as [unknown, unknown, Manifest, { spec: { ports: { targetPort: string }[] } }, unknown, { spec: { podSelector: unknown, policyTypes: string[], ingress: { ports: { port: string }[], from?: object[] }[] } }]
  const [container] = deployment.spec!.template.spec.containers
  t.match(container!.ports.find(({ name }) => name === 'metrics'), { containerPort: loadConfig({}).metrics.port })
  t.same(service.spec.ports.map(({ targetPort }) => targetPort), ['http'])
  t.match(policy.spec, { podSelector: { matchLabels: { app: 'maskline' } }, policyTypes: ['Ingress'] })
  t.same(policy.spec.ingress.map(({ ports, from }) => [ports.map(({ port }) => port), from !== undefined]), [[['http'], false], [['metrics'], true]])
})
