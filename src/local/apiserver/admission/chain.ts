import { ApiError } from '../../../kube/api-error.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { invalidStatus } from '../../../schema/status.ts'
import type { RegisteredResource } from '../registry.ts'
import { internalError } from '../status-errors.ts'
import type { AdmissionAttributes, AdmissionDenial, AdmissionOperation, AdmissionPlugin, AdmissionVerdict } from './admission.ts'

const none: readonly AdmissionPlugin[] = []

/** The registered plugins in their order; asked for each write, most of which concern none. */
export class AdmissionChain {
  readonly #plugins: AdmissionPlugin[] = []

  register(plugin: AdmissionPlugin): void {
    this.#plugins.push(plugin)
  }

  /** The plugins that want to see such a write. */
  concerned(resource: RegisteredResource, operation: AdmissionOperation, subresource: string | undefined): readonly AdmissionPlugin[] {
    if (this.#plugins.length === 0) return none
    return this.#plugins.filter(plugin => plugin.matches(resource, operation, subresource))
  }
}

/** Runs the mutating steps; throws the refusal of the first that denies. */
export async function mutate(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of plugins) {
    if (plugin.mutate !== undefined) check(attributes, await guarded(plugin, () => plugin.mutate?.(attributes)))
  }
}

/** Runs the validating steps; throws the refusal of the first that denies. */
export async function validate(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of plugins) {
    if (plugin.validate !== undefined) check(attributes, await guarded(plugin, () => plugin.validate?.(attributes)))
  }
}

async function guarded(plugin: AdmissionPlugin, run: () => AdmissionVerdict | Promise<AdmissionVerdict>): Promise<AdmissionVerdict> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw internalError(`failed calling admission plugin "${plugin.name}": ${error instanceof Error ? error.message : String(error)}`)
  }
}

function check({ resource, name }: AdmissionAttributes, verdict: AdmissionVerdict): void {
  if (verdict === undefined) return
  if (isDenial(verdict)) {
    const { denied, code = 403, reason = 'Forbidden' } = verdict
    const { group, plural } = resource.type
    const details = verdict.details ?? { name, ...(group === '' ? {} : { group }), kind: plural }
    throw new ApiError({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: denied, reason, code, details })
  }
  if (verdict.length > 0) throw new ApiError(invalidStatus(resource.type, name, verdict))
}

function isDenial(verdict: readonly FieldError[] | AdmissionDenial): verdict is AdmissionDenial {
  return 'denied' in verdict
}
