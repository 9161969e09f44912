import { expect, test } from 'vitest'
import { hostPlan } from '../../host-plan.ts'
import type { Draft } from '../registry.ts'
import { Storage } from '../storage/storage.ts'
import { moveServices } from './service-move.ts'

const service = (name: string, clusterIP: string): Draft => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', uid: name, resourceVersion: '', creationTimestamp: '' },
  spec: { type: 'NodePort', clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80, nodePort: 30_090 }] },
})

test('cluster IPs of another slot are replaced, everything else stays', () => {
  const [before, after] = [hostPlan(3).serviceNetwork, hostPlan(4).serviceNetwork]
  const storage = new Storage()
  storage.put('services', service('kubernetes', before.ip(0)))
  storage.put('services', service('a', before.ip(1)))
  storage.put('services', service('b', before.ip(7)))
  storage.put('services', service('headless', 'None'))
  storage.put('services', service('new', after.ip(1)))
  moveServices(storage, after)
  const spec = (name: string) =>
    storage.get('services', 'default', name)?.['spec'] as { clusterIP: string; clusterIPs: string[]; ports: unknown }
  expect(spec('kubernetes').clusterIP).toBe(after.ip(0))
  expect([spec('a').clusterIP, spec('b').clusterIP]).toEqual([after.ip(2), after.ip(3)])
  expect(spec('a').clusterIPs).toEqual([spec('a').clusterIP])
  expect(spec('a').ports).toEqual([{ port: 80, nodePort: 30_090 }])
  expect(spec('headless').clusterIP).toBe('None')
  expect(spec('new').clusterIP).toBe(after.ip(1))
  const { revision } = storage
  moveServices(storage, after)
  expect(storage.revision).toBe(revision)
})
