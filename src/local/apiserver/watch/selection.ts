import { parseFieldSelector, parseLabelSelector, SelectorError, type FieldSelector, type LabelSelector } from '../../../kube/selector.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { badRequest } from '../status-errors.ts'
import type { StoredObject } from '../storage/stored-object.ts'

/** Which objects of a kind a list or watch is about. */
export interface Selection {
  /** All namespaces when absent. */
  readonly namespace?: string
  /** Set when the field selector names one object. */
  readonly name?: string
  /** Undefined when everything in scope is selected. */
  readonly matches: ((object: StoredObject) => boolean) | undefined
}

/** Reads the selectors of a request. Throws a 400 for a text that cannot be read and for fields the kind does not have. */
export function selectionOf(resource: ServedResource, query: URLSearchParams, namespace: string | undefined, name?: string): Selection {
  const labelText = query.get('labelSelector') ?? ''
  const fieldText = query.get('fieldSelector') ?? ''
  let labels: LabelSelector
  let fields: FieldSelector
  try {
    labels = parseLabelSelector(labelText)
    fields = parseFieldSelector(fieldText)
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message)
    throw error
  }
  const byName = fields.requirements.find(({ field, operator }) => field === 'metadata.name' && operator === '=')?.value
  const selectedName = name ?? byName
  const others = fields.requirements.filter(({ field }) => field !== 'metadata.name' && field !== 'metadata.namespace')
  if (others.length > 0) checkFields(resource, others)
  const scoped = fields.requirements.find(({ field, operator }) => field === 'metadata.namespace' && operator === '=')?.value
  const selectedNamespace = namespace ?? scoped
  const needsCheck = labels.requirements.length > 0 || fields.requirements.length > 0 || name !== undefined
  return {
    ...(selectedNamespace === undefined ? {} : { namespace: selectedNamespace }),
    ...(selectedName === undefined ? {} : { name: selectedName }),
    matches: needsCheck
      ? object =>
          (name === undefined || object.metadata.name === name) &&
          (labels.requirements.length === 0 || labels.matches(object.metadata.labels)) &&
          (fields.requirements.length === 0 || fields.matches(fieldsOf(resource, object, others.length > 0)))
      : undefined,
  }
}

/** The one object a field selector names; undefined when it names none, or cannot be read. */
export function nameIn(query: URLSearchParams): string | undefined {
  const text = query.get('fieldSelector')
  if (text === null || !text.includes('metadata.name')) return undefined
  try {
    return parseFieldSelector(text).requirements.find(({ field, operator }) => field === 'metadata.name' && operator === '=')?.value
  } catch {
    return undefined
  }
}

function fieldsOf(resource: ServedResource, object: StoredObject, all: boolean): Record<string, string> {
  const { name, namespace = '' } = object.metadata
  const own = { 'metadata.name': name, 'metadata.namespace': namespace }
  return all ? { ...resource.strategy.selectableFields?.(object), ...own } : own
}

/** Kubernetes refuses field names a kind does not declare; an empty object shows the declared ones. */
function checkFields(resource: ServedResource, requirements: FieldSelector['requirements']): void {
  const empty = {
    apiVersion: resource.apiVersion,
    kind: resource.type.kind,
    metadata: { name: '', uid: '', resourceVersion: '', creationTimestamp: '' },
  }
  const known = resource.strategy.selectableFields?.(empty) ?? {}
  for (const { field } of requirements) {
    if (field in known) continue
    const hasOwn = resource.custom || resource.strategy.selectableFields !== undefined
    throw badRequest(
      hasOwn
        ? `field label not supported: ${field}`
        : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
    )
  }
}
