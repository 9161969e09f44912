import type { Pod } from '../../../apis/core/types.generated.ts'
import type { RegisteredResource } from '../registry.ts'
import { forbidden } from '../status-errors.ts'
import type { Storage } from '../storage/storage.ts'
import type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin } from './admission.ts'

/**
 * What a new pod names outside itself: its service account must exist, and its priority class becomes a number.
 * The account `default` may still be on its way in a new namespace, so it is not asked for.
 */
export class PodReferences implements AdmissionPlugin {
  readonly name = 'pod-references'
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  matches({ type }: RegisteredResource, operation: AdmissionOperation): boolean {
    return operation === 'CREATE' && type.plural === 'pods' && type.group === ''
  }

  mutate({ resource, object, namespace, name }: AdmissionAttributes): void {
    const spec = (object as unknown as Pod | undefined)?.spec
    if (spec === undefined) return
    const account = spec.serviceAccountName ?? 'default'
    if (account !== 'default' && this.#storage.get('serviceaccounts', namespace, account) === undefined) {
      throw forbidden(
        resource.type,
        name,
        `error looking up service account ${namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`,
      )
    }
    const { priorityClassName = '' } = spec
    const known = priorityClassName === '' ? undefined : this.#storage.get('priorityclasses.scheduling.k8s.io', '', priorityClassName)
    if (priorityClassName !== '' && known === undefined) {
      throw forbidden(resource.type, name, `no PriorityClass with name ${priorityClassName} was found`)
    }
    const priority = typeof known?.['value'] === 'number' ? known['value'] : 0
    if (spec.priority !== undefined && spec.priority !== priority) {
      const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`
      throw forbidden(resource.type, name, why)
    }
    spec.priority = priority
    spec.preemptionPolicy ??= (known?.['preemptionPolicy'] as typeof spec.preemptionPolicy) ?? 'PreemptLowerPriority'
  }
}
