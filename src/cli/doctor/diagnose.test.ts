import { describe, expect, test } from 'vitest'
import { controllerReference } from '../../kube/owner-reference.ts'
import { diagnose } from './diagnose.ts'
import type { Facts } from './facts.ts'
import {
  certificates,
  deployment,
  foreignDeployment,
  foreignWebhook,
  healthy,
  known,
  lease,
  meta,
  ownWebhook,
  refused,
} from './healthy-facts.ts'
import { reportLines, summaryOf } from './report.ts'

const { installation, others, sets } = healthy
const controller = installation.deployments.known ? installation.deployments.value[0] : undefined
const withDeployments = (...deployments: readonly unknown[]): Partial<Facts> => ({
  installation: { ...installation, deployments: known(deployments as never) },
})
const withLeases = (...leases: ReturnType<typeof lease>[]): Partial<Facts> => ({ installation: { ...installation, leases: known(leases) } })
const rightsOf = (...missing: string[]) => healthy.rights.map(account => ({ ...account, missing: known(missing) }))
const alive = { ...others, okgManagers: known([foreignDeployment('kruise-game-system', 'kruise-game-controller-manager', 1)]) }
const okgHooks = foreignWebhook('kruise-game-mutating-webhook', { readyEndpoints: known(0) })
const own = healthy.webhooks.known ? healthy.webhooks.value[0]! : ownWebhook('')
const servedBy = ({ bundle, serving }: ReturnType<typeof certificates>): Partial<Facts> => ({
  installation: { ...installation, servingCertificate: known(serving) },
  webhooks: known([ownWebhook(bundle)]),
})
const definitionsWith = (change: (definition: { spec: { versions: object[] }; status: object }) => object): Partial<Facts> => ({
  definitions: known(
    (healthy.definitions.known ? healthy.definitions.value : []).map(definition => ({
      ...definition,
      ...change(definition as never),
    })) as never,
  ),
})

const set = (name: string, labels: Record<string, string> = {}, spec: object = {}) => ({
  apiVersion: 'game.kruise.io/v1alpha1',
  kind: 'GameServerSet',
  metadata: meta('games', name, { labels }),
  spec: { replicas: 0, gameServerTemplate: { spec: { containers: [{ name: 'game', image: 'game:1' }] } }, ...spec },
})
const workload = (owner: ReturnType<typeof set>, spec: object = {}) => ({
  apiVersion: 'apps.kruise.io/v1beta1',
  kind: 'StatefulSet',
  metadata: meta('games', owner.metadata.name, { uid: `${owner.metadata.uid}-workload`, ownerReferences: [controllerReference(owner)] }),
  spec: { replicas: 0, template: owner.spec.gameServerTemplate, ...spec },
  status: { observedGeneration: 1, updateRevision: 'r' },
})
const withSets = (all: readonly unknown[], workloads: readonly unknown[] = []): Partial<Facts> => ({
  sets: { ...sets, sets: known(all as never), workloads: known(workloads as never) },
})
const rooms = set('rooms')
const wanted = set('rooms', { 'berth.dev/control': 'take-over' })

describe('what is said about a cluster', () => {
  test('nothing but that all is fine when all is fine', () => {
    expect(diagnose(healthy).filter(({ verdict }) => verdict !== 'ok')).toEqual([])
  })

  test.each<[string, Partial<Facts>, string, string]>([
    ['an old version', { version: { major: '1', minor: '28+', gitVersion: 'v1.28.2' } }, 'problem', 'v1.28.2 is too old'],
    ['a version not tested', { version: { major: '1', minor: '32', gitVersion: 'v1.32.1' } }, 'note', 'v1.32.1 should do'],
    ['a version from the future', { version: { major: '2', minor: '0', gitVersion: 'v2.0.0' } }, 'warning', 'knows nothing about'],
    ['no resize', { podSubresources: known(['log']) }, 'note', 'without a restart'],
    ['no discovery', { groups: refused }, 'unknown', 'what the server can do could not be read'],
    ['a clock that is off', { clock: { aheadMs: -20_000, uncertaintyMs: 500 } }, 'warning', "clock is 20 s ahead of the API server's"],
    [
      'a clock that is far off',
      { clock: { aheadMs: 3_600_000, uncertaintyMs: 500 } },
      'problem',
      "clock is 3600 s behind the API server's",
    ],
    ['a slow answer is no clock that is off', { clock: { aheadMs: 6000, uncertaintyMs: 5500 } }, 'ok', 'agrees'],
    ['no clock', { clock: undefined }, 'unknown', 'what time it is'],

    ['no kinds, before the installation', { definitions: known([]), ...withDeployments() }, 'note', 'is not there yet'],
    ['no kinds', { definitions: known([]) }, 'problem', 'gameserversets.game.kruise.io is missing'],
    ['kinds that may not be read', { definitions: refused }, 'unknown', 'CustomResourceDefinitions could not be read'],
    [
      'kinds that clash',
      definitionsWith(() => ({ status: { conditions: [{ type: 'NamesAccepted', status: 'False', message: 'gss is taken' }] } })),
      'problem',
      'is not established: gss is taken',
    ],
    [
      'kinds of another version',
      definitionsWith(({ spec }) => ({ spec: { ...spec, versions: [{ name: 'v2', served: true }] } })),
      'problem',
      'does not serve v1alpha1',
    ],
    [
      'another schema',
      definitionsWith(({ spec }) => ({ spec: { ...spec, versions: spec.versions.map(version => ({ ...version, schema: {} })) } })),
      'warning',
      'another schema than this version of Berth, first at schema',
    ],
    [
      'another schema, which is OKG’s',
      {
        ...definitionsWith(({ spec }) => ({ spec: { ...spec, versions: spec.versions.map(version => ({ ...version, schema: {} })) } })),
        others: alive,
      },
      'note',
      "is OpenKruiseGame's",
    ],

    [
      'no Berth',
      { ...withDeployments(), installation: { ...installation, deployments: known([]), leases: known([]) } },
      'note',
      'Berth is not installed',
    ],
    [
      'no Berth, and sets',
      { ...withSets([rooms]), installation: { ...installation, deployments: known([]), leases: known([]) } },
      'warning',
      'not installed, and there are game server sets (1)',
    ],
    [
      'a controller by hand',
      { installation: { ...installation, deployments: known([]) } },
      'ok',
      'a controller outside of the cluster leads',
    ],
    [
      'Deployments that may not be read',
      { installation: { ...installation, deployments: refused, leases: known([]) } },
      'unknown',
      "Berth's Deployments could not be read",
    ],
    [
      'nothing available',
      withDeployments(deployment('controller', ['--lease-namespace=$(POD_NAMESPACE)'], { availableReplicas: 0 })),
      'problem',
      'none of 2 replicas of berth-system/berth-controller is available',
    ],
    ['one of two', withDeployments(deployment('webhooks', [], { availableReplicas: 1 }), controller), 'warning', '1 of 2 replicas'],
    ['scaled away', withDeployments(deployment('webhooks', [], {}, 0), controller), 'problem', 'is scaled to 0'],
    ['a rollout', withDeployments(deployment('webhooks', [], { updatedReplicas: 1 }), controller), 'note', 'is being rolled out'],
    ['another version', { ownVersion: '0.2.0' }, 'note', 'is version 0.1.0, this program is 0.2.0'],
    ['no lease', withLeases(), 'problem', 'berth-system/berth-controller has no leader'],
    ['an old lease', withLeases(lease(60)), 'problem', 'its Lease was renewed 60 s ago'],
    [
      'a lease by a clock that is behind',
      { ...withLeases(lease(-3600)), clock: { aheadMs: 3_600_000, uncertaintyMs: 1 } },
      'ok',
      'has a leader, renewed 0 s ago',
    ],
    ['a lease given back', withLeases(lease(1, 'berth-system', '')), 'problem', 'has no leader'],
    [
      'two leaders',
      withLeases(lease(1), lease(1, 'kube-system')),
      'problem',
      'lead in several namespaces: berth-system/berth-controller, kube-system/berth-controller',
    ],

    ['a user without rights', { rights: rightsOf('patch gameservers.game.kruise.io in default') }, 'warning', 'you may not work fully'],
    ['an account without rights', { rights: rightsOf('a', 'b', 'c', 'd', 'e') }, 'problem', 'may not a, b, c, d and 1 more'],
    [
      'rights that may not be read',
      { rights: healthy.rights.map(account => ({ ...account, missing: refused })) },
      'unknown',
      'what berth-system/berth-controller may do could not be read',
    ],

    ['webhooks nobody calls', { webhooks: known([]) }, 'problem', 'ValidatingWebhookConfiguration is missing'],
    ['webhooks that may not be read', { webhooks: refused }, 'unknown', 'webhook configurations could not be read'],
    ['no endpoint', { webhooks: known([{ ...own, readyEndpoints: known(0) }]) }, 'problem', 'has no ready endpoint'],
    ['no Service', { webhooks: known([{ ...own, service: known('absent' as const) }]) }, 'problem', 'does not exist'],
    ['no bundle', { webhooks: known([ownWebhook('')]) }, 'problem', 'trusts no certificate'],
    ['a bundle that is none', { webhooks: known([ownWebhook('eA==')]) }, 'problem', 'a caBundle without a certificate'],
    ['an old authority', { webhooks: known([ownWebhook(certificates(-1, 30).bundle)]) }, 'problem', 'has expired on 2026-05-31'],
    ['an authority about to expire', { webhooks: known([ownWebhook(certificates(3, 30).bundle)]) }, 'warning', 'expires on 2026-06-04'],
    ['an expired certificate', servedBy(certificates(-1, 30)), 'problem', 'certificate has expired'],
    ['a certificate nobody renews', servedBy(certificates(5, 85)), 'warning', 'expires on 2026-06-06'],
    ['a certificate of tomorrow', servedBy(certificates(90, -5)), 'problem', 'valid only from'],
    [
      'a certificate of another authority',
      { webhooks: known([ownWebhook(certificates(80).bundle)]) },
      'problem',
      'is not from the authority in caBundle',
    ],
    ['a damaged certificate', { installation: { ...installation, servingCertificate: known('x') } }, 'problem', 'none that can be read'],
    [
      'a Secret that may not be read',
      { installation: { ...installation, servingCertificate: refused } },
      'unknown',
      'the Secret with the webhooks',
    ],
    ['webhooks that do not answer', { probe: known('admitted') }, 'problem', 'do not answer the API server'],
    ['a probe that is not allowed', { probe: refused }, 'unknown', 'could not be tried'],

    [
      'a foreign webhook without endpoints',
      { webhooks: known([own, foreignWebhook('x', { readyEndpoints: known(0) })]) },
      'problem',
      'x/mgameserverset.kb.io fails closed: its Service okg/hooks has no ready endpoint',
    ],
    [
      'a foreign webhook without a Service',
      { webhooks: known([own, foreignWebhook('x', { service: known('absent' as const) })]) },
      'problem',
      'okg/hooks does not exist',
    ],
    ['a foreign webhook that is answered', { webhooks: known([own, foreignWebhook('x')]) }, 'ok', '(1 looked at)'],
    [
      'a foreign webhook that fails open',
      { webhooks: known([own, foreignWebhook('x', { readyEndpoints: known(0) }, 'Ignore')]) },
      'ok',
      '(0 looked at)',
    ],
    [
      'a foreign webhook nobody may look behind',
      { webhooks: known([own, foreignWebhook('x', { service: refused })]) },
      'unknown',
      'is answered could not be read',
    ],

    ['OKG alive', { others: alive }, 'warning', "OpenKruiseGame's manager is installed: kruise-game-system/kruise-game-controller-manager"],
    [
      'OKG stopped',
      { others: { ...others, okgManagers: known([foreignDeployment('a', 'kruise-game-controller-manager', 0)]) } },
      'ok',
      'no manager of OpenKruiseGame',
    ],
    [
      'OKG stopped, its webhooks left',
      { webhooks: known([own, okgHooks]) },
      'problem',
      'its webhooks are left: mutatingwebhookconfiguration/kruise-game-mutating-webhook',
    ],
    [
      'OKG that may not be looked for',
      { others: { ...others, okgManagers: refused } },
      'unknown',
      "whether OpenKruiseGame's manager is there",
    ],
    ['OpenKruise', { groups: known(['apps.kruise.io']) }, 'note', 'OpenKruise is installed'],
    ['Agones', { groups: known(['agones.dev']) }, 'note', 'Agones is installed'],
    [
      'what Agones left',
      {
        others: {
          ...others,
          agonesServices: known([
            {
              metadata: meta('', 'v1.allocation.agones.dev'),
              status: { conditions: [{ type: 'Available', status: 'False', message: 'no endpoints' }] },
            } as never,
          ]),
        },
      },
      'problem',
      'the API v1.allocation.agones.dev of Agones is not available: no endpoints',
    ],

    ['sets that may not be read', { sets: { ...sets, sets: refused } }, 'unknown', 'who runs which game server set'],
    [
      'a set of OpenKruise',
      withSets([rooms], [workload(rooms)]),
      'warning',
      'OpenKruise runs the pods, so Berth leaves them alone: games/rooms',
    ],
    ['a set beside OKG', { ...withSets([rooms]), others: alive }, 'warning', "left to OpenKruiseGame's manager: games/rooms"],
    ['hands off', withSets([set('rooms', { 'berth.dev/control': 'hands-off' })]), 'note', 'left alone, as their label'],
    ['a take-over under way', withSets([wanted], [workload(wanted)]), 'note', 'is about to be taken over'],
    [
      'a take-over that cannot be',
      withSets([wanted], [workload(wanted, { replicas: 2 })]),
      'problem',
      'cannot be taken over from OpenKruise: the workload has 2 replicas',
    ],
    [
      'a take-over by the flag',
      { ...withSets([rooms], [workload(rooms, { replicas: 2 })]), ...withDeployments(deployment('controller', ['--take-over'])) },
      'problem',
      'games/rooms cannot be taken over',
    ],
    [
      'a set outside of the namespaces',
      { ...withSets([rooms]), ...withDeployments(deployment('controller', ['--namespaces=a,b'])) },
      'note',
      'outside of the namespaces Berth works in: games/rooms',
    ],
    [
      'a set inside of the namespaces',
      { ...withSets([rooms]), ...withDeployments(deployment('controller', ['--namespaces=a,games'])) },
      'ok',
      'no game server set is run by somebody else (1 looked at)',
    ],
  ])('%s', (_name, change, verdict, what) => {
    const found = diagnose({ ...healthy, ...change })
    expect(found.filter(finding => finding.verdict === verdict).map(finding => finding.what)).toContainEqual(expect.stringContaining(what))
  })

  test('why pods do not come up is in the finding', () => {
    const pod = {
      metadata: meta('berth-system', 'berth-controller-x', { labels: { 'app.kubernetes.io/component': 'controller' } }),
      status: { containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 2 } } }] },
    }
    const facts = {
      ...healthy,
      installation: {
        ...installation,
        deployments: known([deployment('controller', [], { availableReplicas: 0 })]),
        pods: known([pod as never]),
      },
    }
    expect(diagnose(facts).map(({ what }) => what)).toContain(
      'none of 2 replicas of berth-system/berth-controller is available: berth-controller-x waits: CrashLoopBackOff (last exit code 2)',
    )
  })

  test('everything that is not fine says why or what to do', () => {
    const facts = { ...healthy, others: alive, webhooks: known([okgHooks]), probe: known('admitted' as const), ...withLeases() }
    for (const { verdict, why, todo } of diagnose(facts))
      if (verdict === 'problem' || verdict === 'warning') expect(why ?? todo).toBeDefined()
  })
})

describe('the report', () => {
  const found = diagnose({ ...healthy, ...withLeases() })

  test('what is worst stands last, with what to do', () => {
    const lines = reportLines(found, { reasons: false })
    const at = lines.findIndex(line => line.startsWith('problem  installation.leader: berth-system/berth-controller has no leader'))
    expect(lines.slice(at + 1)).toEqual([
      '         Without a leader nothing is scaled, updated or given an address. Servers that run go on.',
      '           kubectl -n berth-system logs deployment/berth-controller --tail=50',
      '           kubectl -n berth-system get lease berth-controller -o yaml',
      '',
      `1 problem, ${summaryOf(found).ok} ok`,
    ])
  })
})
