import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { TestCluster } from './harness/cluster.ts'
import { type ControllerProcess, startController } from './harness/controller-process.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { foreignKinds, managerDeployment, namespaceOf, setRunByKruise } from './harness/original-okg.ts'
import { plainClusters } from './harness/plain-cluster.ts'
import { root } from './harness/run.ts'

const test = testNeeding('kubectl')

interface Finding {
  readonly check: string
  readonly verdict: string
  readonly what: string
  readonly todo?: readonly string[]
}

describe.each(await plainClusters('doctor'))('berth doctor, $kind cluster', ({ start, kind }) => {
  let cluster: TestCluster
  let controller: ControllerProcess | undefined
  beforeAll(async () => {
    cluster = await start()
  })
  afterAll(async () => {
    await controller?.[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
  })

  const examine = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await cluster.berth(['doctor', '-o', 'json', ...args])
    expect(stderr).toBe('')
    const { findings } = JSON.parse(stdout) as { findings: Finding[] }
    const of = (verdict: string) => findings.filter(finding => finding.verdict === verdict).map(({ check, what }) => `${check}: ${what}`)
    return { code, findings, of }
  }
  const containing = (text: string): unknown => expect.stringContaining(text)

  test('an empty cluster is fine, and it says how to install', async () => {
    const { code, of } = await examine()
    expect([of('problem'), of('warning'), of('unknown')]).toEqual([[], [], []])
    expect(of('note')).toContainEqual(containing('gameserversets.game.kruise.io is not there yet'))
    if (kind === 'real') expect(of('note')).toContainEqual(containing('Berth is not installed'))
    expect(of('ok')).toContainEqual(containing("clock: this machine's clock agrees with the API server's"))
    expect(code).toBe(0)
  })

  test('installed and at work: kinds, rights and leader are found; what does not come up is said', async () => {
    await cluster.k('apply --server-side -f -', await readFile(join(root, 'deploy/install.yaml'), 'utf8'))
    for (const name of ['gameserversets', 'gameservers']) await cluster.k(`wait --for=condition=Established crd/${name}.game.kruise.io`)
    // In these clusters pods only claim to run: the one that works is a process here.
    controller = await startController(cluster.kubeconfig, '--lease-namespace', 'berth-system')
    const { code, of } = await examine()
    expect(of('ok')).toEqual(
      expect.arrayContaining([
        containing('gameserversets.game.kruise.io v1alpha1 is served, with the schema of this version of Berth'),
        containing('rights.controller: berth-system/berth-controller has every right it needs'),
        containing('installation.leader: berth-system/berth-controller has a leader'),
      ]),
    )
    // Nobody made the webhooks' certificate.
    expect(of('problem')).toContainEqual(
      containing('webhooks.ca: berth-webhooks/gameserversets.validation.berth.dev trusts no certificate'),
    )
    expect(of('problem')).toContainEqual(containing('webhooks.answer: the webhooks do not answer the API server'))
    expect(code).toBe(1)
  })

  test('a right that is taken away, and a schema that is changed, are found', async () => {
    const role = await cluster.k('get clusterrole berth-controller -o json')
    const { rules, ...rest } = JSON.parse(role) as { rules: { resources: string[] }[] }
    await cluster.apply({ ...rest, rules: rules.filter(({ resources }) => !resources.includes('pods/status')) })
    const at = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/description'
    const patch = JSON.stringify([{ op: 'replace', path: at, value: 'Something else.' }])
    await cluster.k(['patch', 'crd', 'gameservers.game.kruise.io', '--type=json', '-p', patch])
    const { of } = await eventually('both are seen', async () => {
      const seen = await examine()
      return seen.of('problem').some(line => line.includes('rights.controller')) && seen
    })
    expect(of('problem')).toContainEqual(containing('rights.controller: berth-system/berth-controller may not patch pods/status'))
    expect(of('warning')).toContainEqual(
      containing('gameservers.game.kruise.io has another schema than this version of Berth, first at schema'),
    )
    await cluster.k('apply --server-side --force-conflicts -f -', await readFile(join(root, 'deploy/install.yaml'), 'utf8'))
  })

  test('what others left or run is found', async () => {
    for (const object of [...foreignKinds, namespaceOf('games'), namespaceOf('kruise-game-system'), managerDeployment(1)])
      await cluster.apply(object)
    for (const { metadata } of foreignKinds) await cluster.k(`wait --for=condition=Established crd/${metadata.name}`)
    await setRunByKruise(cluster, 'games', { name: 'rooms', replicas: 1 })
    await cluster.apply(managerDeployment(0))
    await cluster.apply({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'kruise-game-mutating-webhook' },
      webhooks: [
        {
          name: 'mgameserverset.kb.io',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          clientConfig: { service: { namespace: 'kruise-game-system', name: 'kruise-game-webhook-service', path: '/mutate-v1-pod' } },
          objectSelector: { matchExpressions: [{ key: 'game.kruise.io/owner-gss', operator: 'Exists' }] },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE', 'UPDATE', 'DELETE'] }],
        },
      ],
    })
    const { findings, of } = await examine()
    expect(of('problem')).toEqual(
      expect.arrayContaining([
        containing('its Service kruise-game-system/kruise-game-webhook-service does not exist'),
        containing("others.openkruisegame: OpenKruiseGame's manager is gone, its webhooks are left"),
      ]),
    )
    expect(of('warning')).toContainEqual(containing('sets: OpenKruise runs the pods, so Berth leaves them alone: games/rooms'))
    expect(of('note')).toContainEqual(containing('others.agones: Agones is installed'))
    // The advice can be pasted.
    const advice = findings.find(({ check, verdict }) => check === 'others.openkruisegame' && verdict === 'problem')?.todo?.[0] ?? ''
    await cluster.k(advice.replace(/^kubectl /, '').split(' '))
    expect((await examine()).of('problem').filter(line => /openkruisegame|webhooks.foreign/.test(line))).toEqual([])
  })

  test('without rights it says what it could not see, and does not call that fine', async () => {
    await cluster.k('create serviceaccount nobody -n games')
    const token = (await cluster.k('create token nobody -n games --duration=1h')).trim()
    const config = JSON.parse(await cluster.k('config view --raw --flatten --minify -o json')) as { users: { name: string }[] }
    const file = join(dirname(cluster.kubeconfig), 'berth-nobody')
    await writeFile(file, JSON.stringify({ ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) }), {
      mode: 0o600,
    })
    const { code, of } = await examine('--kubeconfig', file, '-n', 'games')
    expect(of('problem')).toEqual([])
    expect(of('unknown').length).toBeGreaterThan(4)
    expect(of('unknown')).toContainEqual(containing("others.openkruisegame: whether OpenKruiseGame's manager is there could not be read"))
    expect(code).toBe(5)
  })

  test('tells people', async () => {
    const { stdout } = await cluster.berth('doctor')
    expect(stdout).toMatch(/^ok {7}kubernetes\.version: /m)
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/\d+ problems?, .*\d+ ok$/)
    expect((await cluster.berth('doctor --help')).stdout).toMatch(/Nothing is changed/)
    const unreachable = await cluster.berth('doctor --kubeconfig /nonexistent')
    expect(unreachable.code).toBe(2)
  })
})
