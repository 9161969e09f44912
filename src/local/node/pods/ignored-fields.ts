import { containersOf, type PodObject } from './container-state.ts'

/** Fields that a real node acts on and this one does not. Limits of CPU and memory are left out: no container here has them, and the node says so. */
const ofPod = ['activeDeadlineSeconds', 'dnsConfig', 'hostIPC', 'hostPID', 'hostUsers', 'runtimeClassName', 'shareProcessNamespace']
const ofPodSecurity = ['fsGroup', 'runAsGroup', 'runAsUser', 'supplementalGroups', 'sysctls']
const ofContainer = ['volumeDevices', 'stdinOnce']
const ofContainerSecurity = ['capabilities', 'privileged', 'readOnlyRootFilesystem', 'runAsGroup', 'runAsUser']

/** Paths of what a pod asks for and this node ignores, for one event on the pod. */
export function ignoredFields(pod: PodObject): readonly string[] {
  const { spec } = pod
  if (spec === undefined) return []
  const found = [...present(spec, ofPod, 'spec'), ...present(spec.securityContext, ofPodSecurity, 'spec.securityContext')]
  for (const { role, definition } of containersOf(pod)) {
    const path = `spec.${role === 'main' ? 'containers' : 'initContainers'}{${definition.name}}`
    found.push(
      ...present(definition, ofContainer, path),
      ...present(definition.securityContext, ofContainerSecurity, `${path}.securityContext`),
    )
    if ((definition.terminationMessagePath ?? defaultMessagePath) !== defaultMessagePath) found.push(`${path}.terminationMessagePath`)
  }
  for (const { name, emptyDir } of spec.volumes ?? [])
    found.push(...present(emptyDir, ['medium', 'sizeLimit'], `spec.volumes{${name}}.emptyDir`))
  return found
}

const defaultMessagePath = '/dev/termination-log'

/** Empty values and `false` ask for nothing. */
function present(object: object | undefined, fields: readonly string[], path: string): string[] {
  const values = (object ?? {}) as Readonly<Record<string, unknown>>
  return fields
    .filter(field => {
      const value = values[field]
      if (value === undefined || value === null || value === false || value === '') return false
      return typeof value !== 'object' || Object.keys(value).length > 0
    })
    .map(field => `${path}.${field}`)
}
