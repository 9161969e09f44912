import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas'
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas'
export const templateHashLabel = 'pod-template-hash'

/** Annotations of a Deployment that its ReplicaSets do not repeat. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
])

/** Letters and digits that spell no words. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** The number of a ReplicaSet in the history; 0 when it has none. */
export function revisionOf(object: DeepReadonly<{ metadata: { annotations?: Record<string, string> } }>): number {
  const revision = Number(object.metadata.annotations?.[revisionAnnotation] ?? 0)
  return Number.isInteger(revision) ? revision : 0
}

/** A short hash of a template, made for names. */
export function templateHash(template: DeepReadonly<PodTemplateSpec>, collisionCount: number): string {
  const bytes = createHash('sha256').update(canonical(template)).update(String(collisionCount)).digest().subarray(0, 10)
  return Array.from(bytes, byte => alphabet[byte % alphabet.length]).join('')
}

/** The ReplicaSet that has the Deployment's template; the oldest if there are several, as in Kubernetes. */
export function findNewSet(
  deployment: DeepReadonly<Deployment>,
  sets: readonly DeepReadonly<ReplicaSet>[],
): DeepReadonly<ReplicaSet> | undefined {
  return sets.find(set => sameTemplate(set.spec?.template, deployment.spec?.template))
}

export function copiedAnnotations(deployment: DeepReadonly<Deployment>): Record<string, string> {
  return Object.fromEntries(Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !notCopied.has(key)))
}

function sameTemplate(a: DeepReadonly<PodTemplateSpec> | undefined, b: DeepReadonly<PodTemplateSpec> | undefined): boolean {
  return isDeepStrictEqual(withoutHash(a), withoutHash(b))
}

function withoutHash(template: DeepReadonly<PodTemplateSpec> | undefined): unknown {
  const { [templateHashLabel]: _hash, ...labels } = template?.metadata?.labels ?? {}
  return { spec: template?.spec, labels, annotations: template?.metadata?.annotations ?? {} }
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
