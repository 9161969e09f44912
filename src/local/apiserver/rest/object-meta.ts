import type { FieldError } from '../../../schema/field-error.ts'
import { equalJson, isJsonObject } from '../../../schema/json.ts'
import type { Draft } from '../registry.ts'

const dns1123LabelPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/
const dns1123SubdomainPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/
const dns1035LabelPattern = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/
const qualifiedNamePattern = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/

const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const dns1035Text =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const qualifiedNameText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

/** Which names a kind allows. */
export type NameRule = 'subdomain' | 'label' | 'dns1035' | 'path'

const ruleByResource: Readonly<Record<string, NameRule>> = {
  namespaces: 'label',
  services: 'dns1035',
  'roles.rbac.authorization.k8s.io': 'path',
  'rolebindings.rbac.authorization.k8s.io': 'path',
  'clusterroles.rbac.authorization.k8s.io': 'path',
  'clusterrolebindings.rbac.authorization.k8s.io': 'path',
}

/** @param collection `deployments.apps` */
export function nameRuleOf(collection: string): NameRule {
  return ruleByResource[collection] ?? 'subdomain'
}

/** Why a name is refused, in Kubernetes' words; empty when it is fine. */
export function nameProblems(name: string, rule: NameRule): string[] {
  const problems: string[] = []
  switch (rule) {
    case 'subdomain':
      if (name.length > 253) problems.push('must be no more than 253 characters')
      if (!dns1123SubdomainPattern.test(name)) problems.push(subdomainText)
      break
    case 'label':
      if (name.length > 63) problems.push('must be no more than 63 characters')
      if (dns1123LabelPattern.test(name)) break
      problems.push(dns1123SubdomainPattern.test(name) ? 'must not contain dots' : labelText)
      break
    case 'dns1035':
      if (name.length > 63) problems.push('must be no more than 63 characters')
      if (!dns1035LabelPattern.test(name)) problems.push(dns1035Text)
      break
    case 'path':
      if (name === '.' || name === '..') problems.push(`may not be '${name}'`)
      for (const part of ['/', '%']) if (name.includes(part)) problems.push(`may not contain '${part}'`)
      break
  }
  return problems
}

/** Why a label key, annotation key or finalizer name is refused. */
export function qualifiedNameProblems(key: string): string[] {
  const slash = key.indexOf('/')
  const name = slash < 0 ? key : key.slice(slash + 1)
  const problems: string[] = []
  if (key.split('/').length > 2) {
    return [
      `a qualified name ${qualifiedNameText.slice('name part '.length)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  if (slash >= 0) {
    const prefix = key.slice(0, slash)
    if (prefix === '') problems.push('prefix part must be non-empty')
    else problems.push(...nameProblems(prefix, 'subdomain').map(text => `prefix part ${text}`))
  }
  if (name === '') problems.push('name part must be non-empty')
  else if (name.length > 63) problems.push('name part must be no more than 63 characters')
  if (!qualifiedNamePattern.test(name)) problems.push(qualifiedNameText)
  return problems
}

const invalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueInvalid', field, value, detail })

const annotationBytes = 256 * 1024

/** The rules of `metadata` that hold for every kind. */
export function validateObjectMeta(object: Readonly<Draft>, namespaced: boolean, rule: NameRule): FieldError[] {
  const { metadata } = object
  const errors: FieldError[] = []
  if (metadata.generateName !== undefined && metadata.generateName !== '') {
    for (const text of nameProblems(`${metadata.generateName.replace(/[-.]$/, '')}a`, rule))
      errors.push(invalid('metadata.generateName', metadata.generateName, text))
  }
  if (metadata.name === undefined || metadata.name === '') {
    errors.push({ type: 'FieldValueRequired', field: 'metadata.name', detail: 'name or generateName is required' })
  } else {
    for (const text of nameProblems(metadata.name, rule)) errors.push(invalid('metadata.name', metadata.name, text))
  }
  if (namespaced) {
    const { namespace = '' } = metadata
    if (namespace === '') errors.push({ type: 'FieldValueRequired', field: 'metadata.namespace', detail: '' })
    else for (const text of nameProblems(namespace, 'label')) errors.push(invalid('metadata.namespace', namespace, text))
  } else if (metadata.namespace !== undefined && metadata.namespace !== '') {
    errors.push({ type: 'FieldValueForbidden', field: 'metadata.namespace', detail: 'not allowed on this type' })
  }
  validateLabels(metadata.labels, 'metadata.labels', errors)
  validateAnnotations(metadata.annotations, 'metadata.annotations', errors)
  validateOwners(metadata.ownerReferences, errors)
  validateFinalizers(metadata.finalizers ?? [], errors)
  return errors
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, field: string, errors: FieldError[]): void {
  if (labels === undefined) return
  for (const key in labels) {
    const value = labels[key] ?? ''
    for (const text of keyProblems(key)) errors.push(invalid(field, key, text))
    if (value.length > 63) errors.push(invalid(field, value, 'must be no more than 63 characters'))
    if (value !== '' && !qualifiedNamePattern.test(value)) errors.push(invalid(field, value, labelValueText))
  }
}

const goodKeys = new Set<string>()

/** Keys repeat from object to object; the good ones are remembered. */
function keyProblems(key: string): string[] {
  if (goodKeys.has(key)) return []
  const problems = qualifiedNameProblems(key)
  if (problems.length === 0 && goodKeys.size < 5000) goodKeys.add(key)
  return problems
}

function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, field: string, errors: FieldError[]): void {
  if (annotations === undefined) return
  let size = 0
  for (const key in annotations) {
    for (const text of keyProblems(key.toLowerCase())) errors.push(invalid(field, key, text))
    size += key.length + (annotations[key] ?? '').length
  }
  if (size > annotationBytes) errors.push({ type: 'FieldValueTooLong', field, detail: `may not be more than ${annotationBytes} bytes` })
}

const standardFinalizers: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

function validateFinalizers(finalizers: readonly string[], errors: FieldError[]): void {
  const field = 'metadata.finalizers'
  for (const finalizer of finalizers) for (const text of qualifiedNameProblems(finalizer)) errors.push(invalid(field, finalizer, text))
  for (const [index, finalizer] of finalizers.entries()) {
    if (finalizer.includes('/') || standardFinalizers.has(finalizer)) continue
    errors.push(invalid(`${field}[${index}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'))
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalid(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'))
  }
}

function validateOwners(owners: Draft['metadata']['ownerReferences'], errors: FieldError[]): void {
  let controller: string | undefined
  const field = 'metadata.ownerReferences'
  for (const owner of owners ?? []) {
    for (const key of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (owner[key] === undefined || owner[key] === '')
        errors.push(invalid(`${field}.${key}`, owner[key] ?? '', key === 'apiVersion' ? 'version must not be empty' : 'must not be empty'))
    }
    if (owner.kind === 'Event' && (owner.apiVersion === 'v1' || owner.apiVersion === 'events.k8s.io/v1')) {
      const [group = '', version = ''] = owner.apiVersion === 'v1' ? ['', 'v1'] : owner.apiVersion.split('/')
      errors.push(invalid(field, owner, `${group}/${version}, Kind=Event is disallowed from being an owner`))
    }
    if (owner.controller !== true) continue
    if (controller !== undefined) {
      errors.push(
        invalid(
          field,
          owners,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.kind}/${owner.name}`,
        ),
      )
    }
    controller = `${owner.kind}/${owner.name}`
  }
}

/** An owner that is named twice is one owner; takes the copies out and warns of them. */
export function dedupOwners(metadata: Draft['metadata'], warnings: string[]): void {
  const owners = metadata.ownerReferences
  if (owners === undefined || owners.length < 2 || new Set(owners.map(({ uid }) => uid)).size === owners.length) return
  const uids = new Set(owners.filter((owner, index) => owners.findIndex(({ uid }) => uid === owner.uid) < index).map(({ uid }) => uid))
  warnings.push(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...uids].join(', ')}`,
  )
  metadata.ownerReferences = owners.filter((owner, index) => owners.findIndex(other => equalJson(other, owner)) === index)
}

/** What no update may change. */
export function validateObjectMetaUpdate(object: Readonly<Draft>, old: Readonly<Draft>): FieldError[] {
  const errors: FieldError[] = []
  const immutable = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const
  for (const key of immutable) {
    const value = object.metadata[key]
    if (value !== old.metadata[key]) errors.push(invalid(`metadata.${key}`, value ?? null, 'field is immutable'))
  }
  const before = old.metadata.finalizers ?? []
  const added = (object.metadata.finalizers ?? []).filter(finalizer => !before.includes(finalizer))
  if (old.metadata.deletionTimestamp !== undefined && added.length > 0) {
    const list = added.map(name => JSON.stringify(name)).join(', ')
    errors.push({
      type: 'FieldValueForbidden',
      field: 'metadata.finalizers',
      detail: `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    })
  }
  return errors
}

/** Members of `metadata` that are left out when they say nothing. */
export function dropEmptyMeta(metadata: Record<string, unknown>): void {
  for (const key of [
    'labels',
    'annotations',
    'ownerReferences',
    'finalizers',
    'managedFields',
    'generateName',
    'selfLink',
    'deletionTimestamp',
    'creationTimestamp',
    'namespace',
    'resourceVersion',
    'uid',
  ]) {
    const value = metadata[key]
    if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) delete metadata[key]
    else if (isJsonObject(value) && Object.keys(value).length === 0) delete metadata[key]
  }
}

/** Whether two states of an object differ in what `metadata.generation` counts. */
export function specChanged(object: Readonly<Draft>, old: Readonly<Draft>, custom: boolean, hasStatus: boolean): boolean {
  if (!custom) return !equalJson(object['spec'], old['spec'])
  const ignored = (key: string): boolean => key === 'metadata' || key === 'apiVersion' || key === 'kind' || (hasStatus && key === 'status')
  const keys = new Set([...Object.keys(object), ...Object.keys(old)])
  for (const key of keys) if (!ignored(key) && !equalJson(object[key], old[key])) return true
  return false
}
