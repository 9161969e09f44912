import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deployments, leases } from '../../../apis/core/resources.generated.ts'
import type { Deployment, Lease } from '../../../apis/core/types.generated.ts'
import { original } from '../../../apis/game.kruise.io/original.ts'
import type { Cache } from '../../../kube/cache.ts'
import { FakeClock } from '../../../kube/fake-clock.ts'
import type { KubeObject } from '../../../kube/object.ts'
import type { ResourceType } from '../../../kube/resource.ts'
import { ObjectStore } from '../../../kube/store.ts'
import { ManagerPresence } from './manager-presence.ts'

const metadata = (name: string, version = 1) => ({
  name,
  namespace: 'okg',
  uid: name,
  resourceVersion: String(version),
  creationTimestamp: '',
})
const deployment = (replicas: number, version?: number) =>
  ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata(original.deployment, version), spec: { replicas } }) as Deployment
const lease = (version: number, holderIdentity = 'manager-1') =>
  ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: metadata(original.lease, version),
    spec: { holderIdentity, leaseDurationSeconds: 15 },
  }) as Lease

describe("OpenKruiseGame's manager", () => {
  let clock: FakeClock
  let stores: { readonly deployments: ObjectStore<Deployment>; readonly leases: ObjectStore<Lease> }
  let asked: unknown[]
  let states: string[]
  let presence: ManagerPresence
  beforeEach(() => {
    clock = new FakeClock()
    stores = { deployments: new ObjectStore(), leases: new ObjectStore() }
    asked = []
    states = []
    const cache = {
      store: (type: ResourceType, options: unknown) => {
        asked.push(options)
        return (type.plural === deployments.plural ? stores.deployments : stores.leases) as unknown as ObjectStore<KubeObject>
      },
    } as unknown as Cache
    presence = new ManagerPresence({ cache, clock, changed: () => states.push(presence.state) })
    presence.start()
  })
  afterEach(() => presence[Symbol.dispose]())

  const synced = () => {
    stores.deployments.replace(new Map())
    stores.leases.replace(new Map())
    return clock.advance(0)
  }

  test('is looked for by name, in all namespaces', () => {
    expect(asked).toEqual([
      { fieldSelector: `metadata.name=${original.deployment}`, everywhere: true },
      { fieldSelector: `metadata.name=${original.lease}`, everywhere: true },
    ])
    expect(leases.namespaced).toBe(true)
  })

  test('is unknown until both lists are there, then absent', async () => {
    expect(presence.state).toBe('unknown')
    stores.deployments.replace(new Map())
    await clock.advance(0)
    expect(presence.state).toBe('unknown')
    await synced()
    expect(states).toEqual(['absent'])
  })

  test('is alive as long as its Deployment is meant to run', async () => {
    await synced()
    stores.deployments.apply(deployment(1, 1))
    stores.deployments.apply(deployment(1, 2))
    stores.deployments.apply(deployment(0, 3))
    stores.deployments.apply(deployment(2, 4))
    stores.deployments.remove(deployment(2, 5))
    expect(states).toEqual(['absent', 'alive', 'absent', 'alive', 'absent'])
  })

  test('is alive while somebody renews its Lease', async () => {
    await synced()
    stores.leases.apply(lease(1))
    await clock.advance(10_000)
    stores.leases.apply(lease(2))
    await clock.advance(10_000)
    expect(states).toEqual(['absent', 'alive'])
    await clock.advance(5000)
    expect(states).toEqual(['absent', 'alive', 'absent'])
    stores.leases.apply(lease(3))
    stores.leases.apply(lease(4, ''))
    expect(states.slice(3)).toEqual(['alive', 'absent'])
  })
})
