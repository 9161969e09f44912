import { beforeAll, describe, expect, it } from 'vitest'
import * as types from '../../apis/core/resources.generated.ts'
import type { Deployment } from '../../apis/core/types.generated.ts'
import { Cache } from '../../kube/cache.ts'
import type { Client } from '../../kube/client.ts'
import type { New } from '../../kube/object.ts'
import { createPodGarbageCollector } from './pod-garbage.ts'
import { eventsOf, namespace, newPod, startTestBed, type TestBed, until } from './test-bed.ts'

let bed: TestBed
let client: Client
beforeAll(async () => {
  bed = await startTestBed(56)
  client = bed.client
})

describe('workloads, nodes and namespaces', () => {
  it('gives namespaces their ServiceAccount and root certificate, again after they were deleted', async () => {
    await client.create(types.namespaces, { metadata: { name: 'games' } })
    const account = () => client.get(types.serviceaccounts, { namespace: 'games', name: 'default' }).catch(() => undefined)
    const before = await until('an account', account)
    await client.delete(types.serviceaccounts, { namespace: 'games', name: 'default' })
    await until('another account', async () => ((await account())?.metadata.uid ?? before.metadata.uid) !== before.metadata.uid)
    const map = await until('a certificate', () =>
      client.get(types.configmaps, { namespace: 'games', name: 'kube-root-ca.crt' }).catch(() => undefined),
    )
    expect(map.data).toEqual({ 'ca.crt': 'PEM' })
  })

  it('rolls a Deployment out, back, and stops when it is paused', async () => {
    const template = (version: string) => ({
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: `web:${version}` }] },
    })
    const deployment: New<Deployment> = {
      metadata: { name: 'web', namespace },
      spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template('1') as never },
    }
    await client.create(types.deployments, deployment)
    const done = (revision: string) =>
      until(`revision ${revision}`, async () => {
        const now = await client.get(types.deployments, { namespace, name: 'web' })
        const { status, metadata } = now
        const complete = status?.updatedReplicas === 3 && status.replicas === 3 && status.availableReplicas === 3
        return complete &&
          metadata.annotations?.['deployment.kubernetes.io/revision'] === revision &&
          status.observedGeneration === metadata.generation
          ? now
          : undefined
      })
    const patch = (spec: unknown) => client.patch(types.deployments, { namespace, name: 'web' }, { spec }, { type: 'strategic' })
    const images = async (): Promise<(string | undefined)[]> =>
      (await client.list(types.pods, { namespace, labelSelector: 'app=web' })).items
        .filter(one => one.metadata.deletionTimestamp === undefined)
        .map(one => one.spec?.containers[0]?.image)
    const first = await done('1')
    expect(first.status?.conditions?.map(condition => [condition.type, condition.status, condition.reason])).toEqual([
      ['Available', 'True', 'MinimumReplicasAvailable'],
      ['Progressing', 'True', 'NewReplicaSetAvailable'],
    ])
    await patch({ template: template('2') })
    await done('2')
    expect(await images()).toEqual(['web:2', 'web:2', 'web:2'])
    await patch({ template: template('1') })
    await done('3')
    expect(await images()).toEqual(['web:1', 'web:1', 'web:1'])
    const sets = (await client.list(types.replicasets, { namespace })).items
    expect(new Set(sets.map(set => set.spec?.replicas))).toEqual(new Set([0, 3]))
    await patch({ paused: true, template: template('3'), replicas: 2 })
    await until('two pods', async () => (await images()).length === 2)
    expect(await images()).toEqual(['web:1', 'web:1'])
    await client.delete(types.deployments, { namespace, name: 'web' })
    await until('no pods', async () => (await images()).length === 0)
  })

  it('lets go of a pod that was relabelled, and replaces it; takes one over that fits', async () => {
    const labels = { app: 'solo' }
    const spec = {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    }
    await client.create(types.pods, newPod('adopted', labels))
    await client.create(types.replicasets, { metadata: { name: 'solo', namespace }, spec: spec as never })
    const owned = () => client.get(types.pods, { namespace, name: 'adopted' }).then(now => now.metadata.ownerReferences?.[0]?.name)
    await until('adoption', async () => (await owned()) === 'solo')
    await client.patch(types.pods, { namespace, name: 'adopted' }, { metadata: { labels: { app: 'debug' } } }, { type: 'merge' })
    await until('release', async () => (await owned()) === undefined)
    const [next] = await until('a new pod', async () => {
      const { items } = await client.list(types.pods, { namespace, labelSelector: 'app=solo' })
      return items.length === 1 && items
    })
    expect(next?.metadata.name).not.toBe('adopted')
    await client.delete(types.replicasets, { namespace, name: 'solo' })
  })

  it('evicts pods that do not tolerate a node any more', async () => {
    const taint = { key: 'maintenance', effect: 'NoExecute' as const }
    const tolerant = newPod('tolerant')
    await client.create(types.pods, {
      ...tolerant,
      spec: { ...tolerant.spec, tolerations: [{ key: 'maintenance', operator: 'Exists' }] } as never,
    })
    await client.create(types.pods, newPod('delicate'))
    const nodeOf = async (name: string) => (await client.get(types.pods, { namespace, name })).spec?.nodeName
    await until('places', async () => (await nodeOf('tolerant')) !== undefined && (await nodeOf('delicate')) !== undefined)
    for (const name of ['node-1', 'node-2']) await client.patch(types.nodes, { name }, { spec: { taints: [taint] } }, { type: 'merge' })
    await until('eviction', () =>
      client.get(types.pods, { namespace, name: 'delicate' }).then(
        () => undefined,
        () => true,
      ),
    )
    expect(await nodeOf('tolerant')).toBeDefined()
    await client.create(types.pods, newPod('delicate'))
    await until('the reason', async () => {
      const { status } = await client.get(types.pods, { namespace, name: 'delicate' })
      return status?.conditions?.[0]?.message === '0/2 nodes are available: 2 node(s) had untolerated taint {maintenance: }.'
    })
    for (const name of ['node-1', 'node-2']) await client.patch(types.nodes, { name }, { spec: { taints: null } }, { type: 'merge' })
    await until('a place', () => nodeOf('delicate'))
  })

  it('gives up the pods of a node that does not exist', async () => {
    const cache = bed.stack.use(new Cache({ client }))
    const collector = bed.stack.use(
      createPodGarbageCollector({ client, pods: cache.store(types.pods), nodes: cache.store(types.nodes), patienceMs: 20 }),
    )
    await collector.start()
    const lost = newPod('lost')
    await client.create(types.pods, { ...lost, spec: { ...lost.spec, nodeName: 'ghost' } as never })
    await until('its end', () =>
      client.get(types.pods, { namespace, name: 'lost' }).then(
        () => undefined,
        () => true,
      ),
    )
  })

  it('says which kinds it has no controller for', async () => {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } }
    await client.create(types.jobs, { metadata: { name: 'migrate', namespace }, spec: { template } as never })
    const [event] = await eventsOf(client, 'migrate', 'NotServed')
    expect(event?.message).toBe('The embedded cluster has no controller for Job objects: nothing will come of this one')
  })

  it('binds claims of the local class, and removes the volume with the claim', async () => {
    const claim = (name: string, storageClassName?: string) =>
      client.create(types.persistentvolumeclaims, {
        metadata: { name, namespace },
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '2Gi' } },
          ...(storageClassName === undefined ? {} : { storageClassName }),
        },
      })
    await claim('world')
    await claim('foreign', 'fast-ssd')
    const bound = await until('a volume', async () => {
      const now = await client.get(types.persistentvolumeclaims, { namespace, name: 'world' })
      return now.status?.phase === 'Bound' && now
    })
    const name = bound.spec?.volumeName ?? ''
    expect((await client.get(types.persistentvolumes, { name })).spec).toMatchObject({
      capacity: { storage: '2Gi' },
      claimRef: { name: 'world' },
    })
    expect((await eventsOf(client, 'foreign', 'ProvisioningFailed'))[0]?.message).toContain('"fast-ssd"')
    await client.delete(types.persistentvolumeclaims, { namespace, name: 'world' })
    await until('the end of the volume', () =>
      client.get(types.persistentvolumes, { name }).then(
        () => undefined,
        () => true,
      ),
    )
  })
})
