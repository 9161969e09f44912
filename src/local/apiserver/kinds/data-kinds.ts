import type { ConfigMap, Secret } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { equalJson } from '../../../schema/json.ts'
import type { KindStrategy } from '../registry.ts'
import { goSyntaxError } from '../rest/go-json.ts'
import { forbidden, invalid, required, tooLong } from './field-errors.ts'

const MAX_BYTES = 1024 * 1024
const keyText =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

function keyErrors(field: string, keys: readonly string[]): FieldError[] {
  return keys.flatMap(key => {
    const at = `${field}[${key}]`
    const errors: FieldError[] = []
    if (key.length > 253) errors.push(invalid(at, key, 'must be no more than 253 characters'))
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) errors.push(invalid(at, key, keyText))
    else if (key === '.' || key === '..') errors.push(invalid(at, key, `must not be '${key}'`))
    return errors
  })
}

const isBase64 = (text: string) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)

function base64Errors(field: string, data: Readonly<Record<string, string>> | undefined): FieldError[] {
  return Object.entries(data ?? {})
    .filter(([, value]) => !isBase64(value))
    .map(([key, value]) => invalid(`${field}[${key}]`, value, 'illegal base64 data'))
}

interface Immutable {
  readonly immutable?: boolean
}

function immutableErrors(now: Immutable, old: Immutable | undefined, fields: readonly string[]): FieldError[] {
  if (old?.immutable !== true) return []
  const errors: FieldError[] = []
  if (now.immutable !== true) errors.push(forbidden('immutable', 'field is immutable when `immutable` is set'))
  for (const field of fields) {
    const [left, right] = [now, old].map(object => (object as Readonly<Record<string, unknown>>)[field])
    if (!equalJson(left, right)) errors.push(forbidden(field, 'field is immutable when `immutable` is set'))
  }
  return errors
}

export const configMapStrategy: KindStrategy = {
  hasGeneration: false,
  validate(object, old) {
    const map = object as unknown as DeepReadonly<ConfigMap>
    const { data = {}, binaryData = {} } = map
    const errors = [
      ...keyErrors('data', Object.keys(data)),
      ...keyErrors('binaryData', Object.keys(binaryData)),
      ...base64Errors('binaryData', binaryData),
    ]
    for (const key of Object.keys(data))
      if (Object.hasOwn(binaryData, key)) errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    let size = 0
    for (const value of Object.values(data)) size += Buffer.byteLength(value)
    for (const value of Object.values(binaryData)) size += Math.floor((value.length * 3) / 4)
    if (size > MAX_BYTES) errors.push(tooLong('', MAX_BYTES))
    return [...errors, ...immutableErrors(map, old as unknown as Immutable | undefined, ['data', 'binaryData'])]
  },
}

/** What registries are told has to be JSON. */
const jsonKeys: readonly (readonly [type: string, key: string])[] = [
  ['kubernetes.io/dockercfg', '.dockercfg'],
  ['kubernetes.io/dockerconfigjson', '.dockerconfigjson'],
]

function jsonErrors({ type, data }: DeepReadonly<Secret>): FieldError[] {
  return jsonKeys.flatMap(([kind, key]) => {
    const text = data?.[key]
    if (type !== kind || text === undefined) return []
    const problem = goSyntaxError(Buffer.from(text, 'base64').toString('utf8'))
    return problem === undefined ? [] : [invalid(`data[${key}]`, '<secret contents redacted>', problem)]
  })
}

/** Keys that a Secret of some type must have. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
}

export const secretStrategy: KindStrategy = {
  hasGeneration: false,
  prepareForCreate(draft, { warn }) {
    const { type, data } = draft as unknown as Secret
    const certificate = data?.['tls.crt']
    if (type !== 'kubernetes.io/tls' || certificate === undefined) return
    if (!Buffer.from(certificate, 'base64').toString('latin1').includes('-----BEGIN')) {
      warn?.('tls: failed to find any PEM data in certificate input')
    }
  },
  applyDefaults(draft) {
    const secret = draft as unknown as Secret
    secret.type ??= 'Opaque'
    if (secret.stringData === undefined) return
    const encoded = Object.entries(secret.stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
    secret.data = { ...secret.data, ...(Object.fromEntries(encoded) as Record<string, string>) }
    delete secret.stringData
  },
  validate(object, old) {
    const secret = object as unknown as DeepReadonly<Secret>
    const before = old as unknown as DeepReadonly<Secret> | undefined
    const { data = {}, type = 'Opaque' } = secret
    const errors = [...keyErrors('data', Object.keys(data)), ...base64Errors('data', data), ...jsonErrors(secret)]
    for (const key of requiredKeys[type] ?? []) if (!Object.hasOwn(data, key)) errors.push(required(`data[${key}]`))
    if (type === 'kubernetes.io/basic-auth' && !('username' in data) && !('password' in data)) {
      errors.push(required('data[username]'), required('data[password]'))
    }
    if (
      type === 'kubernetes.io/service-account-token' &&
      (object.metadata.annotations?.['kubernetes.io/service-account.name'] ?? '') === ''
    ) {
      errors.push(required('metadata.annotations[kubernetes.io/service-account.name]'))
    }
    const size = Object.values(data).reduce((sum, value) => sum + Math.floor((value.length * 3) / 4), 0)
    if (size > MAX_BYTES) errors.push(tooLong('data', MAX_BYTES))
    if (before !== undefined && before.type !== secret.type) errors.push(invalid('type', secret.type, 'field is immutable'))
    return [...errors, ...immutableErrors(secret, before, ['data'])]
  },
  selectableFields: object => ({ type: (object as unknown as DeepReadonly<Secret>).type ?? '' }),
}
