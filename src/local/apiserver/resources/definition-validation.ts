import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../../../apis/core/types.generated.ts'
import { ruleProblems } from '../../../schema/cel/rules.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { cloneJson } from '../../../schema/json.ts'
import { prune } from '../../../schema/prune.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'
import { validate } from '../../../schema/validate.ts'
import { forbidden, invalid, required, unsupported } from '../kinds/field-errors.ts'
import { nameProblems } from '../rest/object-meta.ts'
import { compileJsonPath } from '../table/json-path.ts'

/** The rules for a CustomResourceDefinition. Contract: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/ */
export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  const { spec, metadata } = definition
  if (spec === undefined) return [required('spec')]
  const errors: FieldError[] = []
  const names = spec.names ?? { kind: '', plural: '' }
  if ((spec.group ?? '') === '') errors.push(required('spec.group'))
  else for (const text of nameProblems(spec.group, 'subdomain')) errors.push(invalid('spec.group', spec.group, text))
  if (metadata.name !== `${names.plural}.${spec.group}`) {
    errors.push(invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'))
  }
  for (const key of ['plural', 'singular'] as const) {
    const name = names[key] ?? ''
    if (name === '') errors.push(required(`spec.names.${key}`))
    else for (const text of nameProblems(name, 'dns1035')) errors.push(invalid(`spec.names.${key}`, name, text))
  }
  for (const key of ['kind', 'listKind'] as const) {
    const name = names[key] ?? ''
    if (name === '') errors.push(required(`spec.names.${key}`))
    else for (const text of nameProblems(name.toLowerCase(), 'dns1035')) errors.push(invalid(`spec.names.${key}`, name, mixedCase + text))
  }
  for (const [index, name] of (names.shortNames ?? []).entries()) {
    for (const text of nameProblems(name, 'dns1035')) errors.push(invalid(`spec.names.shortNames[${index}]`, name, text))
  }
  if ((names.kind ?? '') !== '' && names.kind === names.listKind)
    errors.push(invalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same'))
  if ((spec.scope ?? '') === '') errors.push(required('spec.scope'))
  else if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced')
    errors.push(unsupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']))
  const strategy = spec.conversion?.strategy ?? 'None'
  const hook = spec.conversion?.webhook
  if (strategy === 'Webhook' && hook?.clientConfig === undefined) {
    if ((hook?.conversionReviewVersions ?? []).length === 0) errors.push(required('spec.conversion.conversionReviewVersions'))
    errors.push(required('spec.conversion.webhookClientConfig', 'required when strategy is set to Webhook'))
  }
  // Conversion by webhooks is not offered here; to accept it would silently store the wrong form.
  else if (strategy !== 'None') errors.push(unsupported('spec.conversion.strategy', strategy, ['None']))
  if (spec.preserveUnknownFields === true) {
    const detail = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
    errors.push(invalid('spec.preserveUnknownFields', true, detail))
  }
  const approval = 'api-approved.kubernetes.io'
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group ?? '') && (metadata.annotations?.[approval] ?? '') === '') {
    const see = 'see https://github.com/kubernetes/enhancements/pull/1111'
    errors.push(required(`metadata.annotations[${approval}]`, `protected groups must have approval annotation "${approval}", ${see}`))
  }
  errors.push(...validateVersions(spec.versions ?? []), ...storedVersionErrors(definition))
  return errors
}

const mixedCase = 'may have mixed case, but should otherwise match: '

function validateVersions(versions: readonly CustomResourceDefinitionVersion[]): FieldError[] {
  const errors: FieldError[] = []
  // What all versions share is called by the place it had before there were versions.
  const isOnly = versions.length === 1
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    errors.push(invalid('spec.versions', goVersions(versions), 'must contain unique version names'))
  }
  for (const [index, version] of versions.entries()) {
    const at = `spec.versions[${index}]`
    for (const text of nameProblems(version.name ?? '', 'dns1035')) {
      if (isOnly) errors.push(invalid('spec.version', version.name, text))
      errors.push(invalid(`${at}.name`, version.name, text))
    }
    const schema = version.schema?.openAPIV3Schema as StructuralSchema | undefined
    if (schema === undefined) errors.push(required(`${at}.schema.openAPIV3Schema`))
    else errors.push(...validateStructure(schema, isOnly ? 'spec.validation.openAPIV3Schema' : `${at}.schema.openAPIV3Schema`))
    for (const [column, { name, type, jsonPath }] of (version.additionalPrinterColumns ?? []).entries()) {
      const field = `${isOnly ? 'spec' : at}.additionalPrinterColumns[${column}]`
      if ((name ?? '') === '') errors.push(required(`${field}.name`))
      const types = ['boolean', 'date', 'integer', 'number', 'string']
      if (!types.includes(type)) errors.push(invalid(`${field}.type`, type, `must be one of ${types.join(',')}`))
      if ((jsonPath ?? '') === '') errors.push(required(`${field}.JSONPath`))
      else if (!jsonPath.startsWith('.')) errors.push(invalid(`${field}.JSONPath`, jsonPath, simplePath))
      else if (compileJsonPath(jsonPath) === undefined) errors.push(invalid(`${field}.JSONPath`, jsonPath, 'must be a valid JSON path'))
    }
    const scale = version.subresources?.scale
    if (scale === undefined) continue
    const place = `${isOnly ? 'spec' : at}.subresources.scale`
    errors.push(
      ...scalePathErrors(`${place}.specReplicasPath`, scale.specReplicasPath ?? '', '.spec'),
      ...scalePathErrors(`${place}.statusReplicasPath`, scale.statusReplicasPath ?? '', '.status'),
    )
  }
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(invalid('spec.versions', goVersions(versions), 'must have exactly one version marked as storage version'))
  return errors
}

const simplePath = 'must be a simple json path starting with .'

function scalePathErrors(field: string, path: string, root: string): FieldError[] {
  if (path === '') return [required(field)]
  if (!path.startsWith('.')) return [invalid(field, path, simplePath)]
  return path.startsWith(`${root}.`) && path.length > root.length + 1 ? [] : [invalid(field, path, `should be a json path under ${root}`)]
}

/** Versions as Kubernetes quotes them: what they share is elsewhere then. */
function goVersions(versions: readonly CustomResourceDefinitionVersion[]): unknown {
  return versions.map(({ name, served, storage, deprecated, deprecationWarning }) => ({
    Name: name,
    Served: served,
    Storage: storage,
    Deprecated: deprecated ?? false,
    DeprecationWarning: deprecationWarning ?? null,
    Schema: null,
    Subresources: null,
    AdditionalPrinterColumns: null,
    SelectableFields: null,
  }))
}

/** Among the versions in which objects may be stored is the one in which they are stored from now on. */
function storedVersionErrors({ spec, status }: CustomResourceDefinition): FieldError[] {
  const stored = status?.storedVersions ?? []
  if (stored.length === 0) return [invalid('status.storedVersions', null, 'must have at least one stored version')]
  // The last one that is marked counts.
  const storage = (spec.versions ?? []).filter(version => version.storage).at(-1)?.name
  if (storage === undefined || stored.includes(storage)) return []
  return [invalid('status.storedVersions', stored, `must have the storage version ${storage}`)]
}

/** What makes a schema structural. */
function validateStructure(root: StructuralSchema, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (root.type !== 'object')
    errors.push(
      root.type === undefined
        ? required(`${at}.type`, 'must not be empty at the root')
        : invalid(`${at}.type`, root.type, 'must be object at the root'),
    )
  const visit = (schema: StructuralSchema, path: string): void => {
    const isFree = schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
    if ('$ref' in schema) errors.push(forbidden(`${path}.$ref`, '$ref is not supported'))
    else if (schema.type === undefined && !isFree && path !== at)
      errors.push(required(`${path}.type`, 'must not be empty for specified object fields'))
    if (schema.type !== undefined && !jsonTypes.includes(schema.type)) errors.push(unsupported(`${path}.type`, schema.type, jsonTypes))
    if (schema.pattern !== undefined && !isExpression(schema.pattern)) {
      errors.push(invalid(`${path}.pattern`, schema.pattern, "must be a valid regular expression, but isn't"))
    }
    const keys = schema['x-kubernetes-list-map-keys'] ?? []
    if (keys.some(key => schema.items?.properties?.[key] === undefined)) {
      errors.push(invalid(`${path}.x-kubernetes-list-map-keys`, keys, 'entries must all be names of item properties'))
    }
    if (
      schema['x-kubernetes-list-type'] === 'set' &&
      schema.items?.type === 'object' &&
      schema.items['x-kubernetes-map-type'] !== 'atomic'
    ) {
      const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set'
      errors.push(invalid(`${path}.items.x-kubernetes-map-type`, schema.items['x-kubernetes-map-type'] ?? null, detail))
    }
    if (schema.properties !== undefined && schema.additionalProperties !== undefined && schema.additionalProperties !== false) {
      errors.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'))
    }
    if (schema.type === 'array' && schema.items === undefined) errors.push(required(`${path}.items`, 'must be specified'))
    if (schema.uniqueItems === true)
      errors.push(forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'))
    if (schema['x-kubernetes-list-type'] === 'map' && (schema['x-kubernetes-list-map-keys'] ?? []).length === 0) {
      errors.push(required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'))
    }
    if (schema.default !== undefined) {
      // Defaults are judged by the schema they belong to, apart from what is required further down.
      const stray = cloneJson(schema.default)
      if (prune({ type: 'object', properties: { value: schema } }, { value: stray }).length > 0) {
        errors.push(invalid(`${path}.default`, schema.default, 'must not have unknown fields'))
      }
      const wrong = validate({ type: 'object', properties: { value: schema } }, { value: cloneJson(schema.default) })
      for (const error of wrong) {
        const [field, detail] = [error.field, error.detail].map(text => text.replace(/^value/, ''))
        errors.push({ ...error, field: `${path}.default${field ?? ''}`, detail: detail ?? '' })
      }
    }
    for (const name in schema.properties) {
      const member = schema.properties[name]
      if (member !== undefined) visit(member, `${path}.properties[${name}]`)
    }
    if (schema.items !== undefined) visit(schema.items, `${path}.items`)
    if (typeof schema.additionalProperties === 'object') visit(schema.additionalProperties, `${path}.additionalProperties`)
  }
  visit(root, at)
  if (errors.length === 0)
    for (const { path, message } of ruleProblems(root))
      errors.push(message === '' ? required(`${at}${path}`, 'rule is not specified') : invalid(`${at}${path}`, '', message))
  return errors
}

const jsonTypes = ['array', 'boolean', 'integer', 'number', 'object', 'string']

function isExpression(pattern: string): boolean {
  try {
    new RegExp(pattern.replace(/^\(\?[ims]+\)/, ''))
    return true
  } catch {
    return false
  }
}

/** What may not change once the kind is served. */
export function validateDefinitionUpdate({ spec }: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = []
  const same = (field: string, value: unknown, before: unknown): void => {
    if (value !== before) errors.push(invalid(field, value, 'field is immutable'))
  }
  same('spec.group', spec.group, old.spec.group)
  same('spec.scope', spec.scope, old.spec.scope)
  same('spec.names.plural', spec.names.plural, old.spec.names.plural)
  same('spec.names.kind', spec.names.kind, old.spec.names.kind)
  const names = new Set(spec.versions.map(({ name }) => name))
  for (const [index, stored] of (old.status?.storedVersions ?? []).entries()) {
    if (!names.has(stored))
      errors.push(
        invalid(
          `status.storedVersions[${index}]`,
          stored,
          `missing from spec.versions; ${stored} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${stored} and removes ${stored} from status.storedVersions`,
        ),
      )
  }
  return errors
}
