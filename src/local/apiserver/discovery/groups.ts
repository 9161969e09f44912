import type { RegisteredResource } from '../registry.ts'

/** One API group with its served versions, the preferred one first. */
export interface GroupVersions {
  readonly group: string
  readonly versions: readonly { readonly version: string; readonly resources: readonly RegisteredResource[] }[]
}

/** The order in which the built-in groups of Kubernetes are listed; it decides what an ambiguous short name means. */
const builtinOrder = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
]

/** `v1` or `apps/v1`. */
export const versionText = (group: string, version: string) => (group === '' ? version : `${group}/${version}`)

/** Resources by group and version: built-in groups in Kubernetes' order, then the others by name; newest stable version first. */
export function byGroup(resources: readonly RegisteredResource[]): GroupVersions[] {
  const rank = (group: string) => {
    const at = builtinOrder.indexOf(group)
    return at < 0 ? builtinOrder.length : at
  }
  return [...Map.groupBy(resources, resource => resource.type.group)]
    .toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([group, own]) => ({
      group,
      versions: [...Map.groupBy(own, resource => resource.type.version)]
        .toSorted(([a], [b]) => compareVersions(a, b))
        .map(([version, list]) => ({ version, resources: list })),
    }))
}

/**
 * Kubernetes' order of versions, preferred first: v2, v1, v2beta1, v1alpha2, v1alpha1, then anything else by name.
 * Contract: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority
 */
export function compareVersions(a: string, b: string): number {
  const left = parse(a)
  const right = parse(b)
  if (left === undefined || right === undefined) {
    if (left === right) return a < b ? -1 : a > b ? 1 : 0
    return left === undefined ? 1 : -1
  }
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor
}

function parse(version: string): { stage: number; major: number; minor: number } | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (match === null) return undefined
  return { stage: match[2] === 'alpha' ? 0 : match[2] === 'beta' ? 1 : 2, major: Number(match[1]), minor: Number(match[3] ?? 0) }
}
