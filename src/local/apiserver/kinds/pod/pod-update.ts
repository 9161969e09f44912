import type { Container, PodSpec, Toleration } from '../../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../../kube/object.ts'
import type { FieldError } from '../../../../schema/field-error.ts'
import { equalJson } from '../../../../schema/json.ts'
import { forbidden, invalid } from '../field-errors.ts'

type Spec = DeepReadonly<PodSpec>

const immutableText =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

/** What an update of a pod may not change: nearly everything but images. */
export function validatePodUpdate(spec: Spec, old: Spec): FieldError[] {
  if (spec === old) return []
  if (spec.containers.length !== old.containers.length)
    return [forbidden('spec.containers', 'pod updates may not add or remove containers')]
  if ((spec.initContainers?.length ?? 0) !== (old.initContainers?.length ?? 0)) {
    return [forbidden('spec.initContainers', 'pod updates may not add or remove containers')]
  }
  const errors: FieldError[] = []
  const { activeDeadlineSeconds: deadline } = spec
  if (old.activeDeadlineSeconds !== undefined && old.activeDeadlineSeconds !== deadline) {
    if (deadline === undefined)
      errors.push(invalid('spec.activeDeadlineSeconds', null, 'must not update from a positive integer to nil value'))
    else if (deadline > old.activeDeadlineSeconds) {
      errors.push(invalid('spec.activeDeadlineSeconds', deadline, 'must be less than or equal to previous value'))
    }
  }
  if (!keepsTolerations(spec.tolerations ?? [], old.tolerations ?? [])) {
    errors.push(forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'))
  }
  const gates = new Set(old.schedulingGates?.map(gate => gate.name))
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    if (gates.has(name)) continue
    errors.push(forbidden(`spec.schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`))
  }
  if (errors.length > 0) return errors
  const changed = changedPaths(allowedAlike(spec, old), old, 'spec')
  return changed.length === 0 ? [] : [forbidden('spec', `${immutableText}\n  changed: ${changed.join(', ')}\n`)]
}

/** The new spec with everything that may change put back: what differs still is refused. */
function allowedAlike(spec: Spec, old: Spec): Record<string, unknown> {
  const images = (containers: DeepReadonly<Container[]> | undefined, before: DeepReadonly<Container[]> | undefined) =>
    containers?.map((container, index) => {
      const image = before?.[index]?.image
      const { image: _, ...rest } = container
      return image === undefined ? rest : { ...rest, image }
    })
  const result: Record<string, unknown> = { ...spec, containers: images(spec.containers, old.containers) }
  if (spec.initContainers !== undefined) result['initContainers'] = images(spec.initContainers, old.initContainers)
  const putBack = (key: keyof PodSpec) => {
    if (old[key] === undefined) delete result[key]
    else result[key] = old[key]
  }
  putBack('activeDeadlineSeconds')
  putBack('tolerations')
  if (
    old.terminationGracePeriodSeconds !== undefined &&
    old.terminationGracePeriodSeconds < 0 &&
    spec.terminationGracePeriodSeconds === 1
  ) {
    putBack('terminationGracePeriodSeconds')
  }
  const gates = new Set(old.schedulingGates?.map(gate => gate.name))
  if (spec.schedulingGates === undefined || spec.schedulingGates.every(gate => gates.has(gate.name))) putBack('schedulingGates')
  return result
}

function keepsTolerations(tolerations: readonly DeepReadonly<Toleration>[], old: readonly DeepReadonly<Toleration>[]): boolean {
  const bare = (toleration: DeepReadonly<Toleration>) => ({ ...toleration, tolerationSeconds: undefined })
  return old.every(before => tolerations.some(now => equalJson(bare(before), bare(now))))
}

/** Where two specs differ, one level into lists of named things. */
function changedPaths(spec: Readonly<Record<string, unknown>>, old: Readonly<Record<string, unknown>>, path: string): string[] {
  return [...new Set([...Object.keys(spec), ...Object.keys(old)])].flatMap(key => {
    const [now, before] = [spec[key], old[key]]
    if (equalJson(now, before)) return []
    const isContainers = (key === 'containers' || key === 'initContainers') && Array.isArray(now) && Array.isArray(before)
    if (!isContainers) return [`${path}.${key}`]
    return now.flatMap((container: Record<string, unknown>, index) =>
      changedPaths(container, (before[index] ?? {}) as Record<string, unknown>, `${path}.${key}[${index}]`),
    )
  })
}
