import { formatTime } from '../../../../kube/clock.ts'
import { isJsonObject } from '../../../../schema/json.ts'
import type { Draft } from '../../registry.ts'
import { conflict, unreasoned } from '../../status-errors.ts'
import type { StoredObject } from '../../storage/stored-object.ts'

interface PodCondition {
  type: string
  status: string
}

/**
 * The pod after the scheduler's decision: on its node, with the condition PodScheduled and the annotations of the binding.
 * Throws a 409 when it has a node already or is being deleted, as Kubernetes does.
 */
export function bound(pod: StoredObject, binding: Readonly<Record<string, unknown>>, now: number): Draft {
  const { name, deletionTimestamp, uid } = pod.metadata
  const target = isJsonObject(binding['target']) ? binding['target'] : {}
  const node = target['name']
  if (typeof node !== 'string' || node === '') throw unreasoned('target.name: Required value')
  const spec = pod['spec'] as { nodeName?: string }
  const resource = { group: '', plural: 'pods/binding' }
  const metadata = isJsonObject(binding['metadata']) ? binding['metadata'] : {}
  if (typeof metadata['uid'] === 'string' && metadata['uid'] !== '' && metadata['uid'] !== uid) {
    throw conflict(resource, name, `Precondition failed: UID in precondition: ${metadata['uid']}, UID in object meta: ${uid}`)
  }
  if (deletionTimestamp !== undefined) throw conflict(resource, name, `pod ${name} is being deleted, cannot be assigned to a host`)
  if (spec.nodeName !== undefined && spec.nodeName !== '')
    throw conflict(resource, name, `pod ${name} is already assigned to node "${spec.nodeName}"`)
  const status = (pod['status'] ?? {}) as { conditions?: readonly PodCondition[] }
  const conditions = (status.conditions ?? []).filter(condition => condition.type !== 'PodScheduled')
  const annotations = isJsonObject(metadata['annotations']) ? (metadata['annotations'] as Record<string, string>) : undefined
  return {
    ...pod,
    metadata: { ...pod.metadata, ...(annotations === undefined ? {} : { annotations: { ...pod.metadata.annotations, ...annotations } }) },
    spec: { ...spec, nodeName: node },
    status: {
      ...status,
      conditions: [...conditions, { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: formatTime(now) }],
    },
  }
}
