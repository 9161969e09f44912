import { ApiError } from '../../../kube/api-error.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { isJsonObject } from '../../../schema/json.ts'
import { invalidStatus } from '../../../schema/status.ts'
import type { UserInfo } from '../admission/admission.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { badRequest } from '../status-errors.ts'
import type { Authenticator } from './authenticator.ts'
import { masters } from './authenticator.ts'
import type { Action, Rbac } from './rbac.ts'
import { issuer } from './tokens.ts'

type Body = Record<string, unknown>

const objectAt = (body: Body, key: string): Body => (isJsonObject(body[key]) ? body[key] : {})
const textAt = (body: Body, key: string): string => (typeof body[key] === 'string' ? body[key] : '')
const textsAt = (body: Body, key: string): readonly string[] =>
  Array.isArray(body[key]) ? body[key].filter(item => typeof item === 'string') : []

/** Kinds that are posted to ask something and are never stored: access reviews, token reviews, "who am I". */
export class Reviews {
  readonly #rbac: Rbac
  readonly #authenticator: Authenticator

  constructor(rbac: Rbac, authenticator: Authenticator) {
    this.#rbac = rbac
    this.#authenticator = authenticator
  }

  /** Whether a resource is one of these kinds. */
  answers({ collection }: ServedResource): boolean {
    return collection.endsWith('reviews.authorization.k8s.io') || collection.endsWith('reviews.authentication.k8s.io')
  }

  /** The posted object with its answer in `status`. Throws a 400 for a question that cannot be read. */
  review(resource: ServedResource, namespace: string | undefined, body: Body, user: UserInfo, now: number): Body {
    const spec = objectAt(body, 'spec')
    check(resource, spec)
    const base = { kind: resource.type.kind, apiVersion: resource.apiVersion, metadata: {}, spec }
    switch (resource.type.plural) {
      case 'selfsubjectaccessreviews':
        return { ...base, status: this.#access(user, spec) }
      case 'subjectaccessreviews':
      case 'localsubjectaccessreviews':
        return {
          ...base,
          metadata: namespace === undefined ? {} : { namespace },
          status: this.#access({ name: textAt(spec, 'user'), groups: [...textsAt(spec, 'groups'), ...impliedGroups(spec)] }, spec),
        }
      case 'selfsubjectrulesreviews':
        return { ...base, status: this.#rules(user, textAt(spec, 'namespace')) }
      case 'selfsubjectreviews':
        return { ...base, metadata: { creationTimestamp: formatTime(now) }, spec: undefined, status: { userInfo: userInfoOf(user) } }
      case 'tokenreviews':
        return { ...base, status: this.#token(spec, now) }
      default:
        throw badRequest(`${resource.type.kind} is not answered here`)
    }
  }

  #access(user: UserInfo, spec: Body): Body {
    const action = actionOf(spec)
    if (action === undefined) throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified')
    const grant = this.#rbac.grantOf(user, action)
    return { allowed: grant !== undefined, ...(grant === undefined || grant === '' ? {} : { reason: grant }) }
  }

  #rules(user: UserInfo, namespace: string): Body {
    const resourceRules: unknown[] = []
    const nonResourceRules: unknown[] = []
    if (user.groups.includes(masters)) {
      resourceRules.push({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] })
      nonResourceRules.push({ verbs: ['*'], nonResourceURLs: ['*'] })
    }
    for (const { rules } of this.#rbac.rulesFor(user, namespace)) {
      for (const { verbs, nonResourceURLs, ...rule } of rules) {
        if (nonResourceURLs === undefined) resourceRules.push({ verbs, ...rule })
        else nonResourceRules.push({ verbs, nonResourceURLs })
      }
    }
    return { resourceRules, nonResourceRules, incomplete: false }
  }

  #token(spec: Body, now: number): Body {
    const user = this.#authenticator.userOfToken(textAt(spec, 'token'), now)
    if (user === undefined) return { user: {}, error: 'invalid bearer token' }
    const asked = textsAt(spec, 'audiences')
    return { authenticated: true, user: userInfoOf(user), audiences: asked.length === 0 ? [issuer] : asked }
  }
}

/** Refuses questions that leave out what is asked, or ask two things. */
function check({ type }: ServedResource, spec: Body): void {
  if (type.plural === 'tokenreviews' && textAt(spec, 'token') === '')
    throw badRequest('token is required for TokenReview in authentication')
  if (type.plural === 'selfsubjectrulesreviews' && textAt(spec, 'namespace') === '') throw badRequest('no namespace on request')
  if (!type.plural.endsWith('accessreviews')) return
  const errors: FieldError[] = []
  const [path, resource] = [spec['nonResourceAttributes'], spec['resourceAttributes']]
  if (isJsonObject(path) && isJsonObject(resource)) {
    const value = { Path: textAt(path, 'path'), Verb: textAt(path, 'verb') }
    const detail = 'cannot be specified in combination with resourceAttributes'
    errors.push({ type: 'FieldValueInvalid', field: 'spec.nonResourceAttributes', value, detail })
  } else if (!isJsonObject(path) && !isJsonObject(resource)) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
    errors.push({ type: 'FieldValueInvalid', field: 'spec.resourceAttributes', value: null, detail })
  }
  if (type.plural !== 'selfsubjectaccessreviews' && textAt(spec, 'user') === '' && textsAt(spec, 'groups').length === 0) {
    errors.push({ type: 'FieldValueInvalid', field: 'spec.user', value: '', detail: 'at least one of user or group must be specified' })
  }
  if (errors.length > 0) throw new ApiError(invalidStatus({ group: type.group, kind: '' }, '', errors))
}

function userInfoOf({ name, uid, groups }: UserInfo): Body {
  return { username: name, ...(uid === undefined ? {} : { uid }), groups }
}

function impliedGroups(spec: Body): string[] {
  const match = /^system:serviceaccount:([^:]+):/.exec(textAt(spec, 'user'))
  return match?.[1] === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${match[1]}`, 'system:authenticated']
}

function actionOf(spec: Body): Action | undefined {
  if (isJsonObject(spec['nonResourceAttributes'])) {
    const attributes = spec['nonResourceAttributes']
    return { kind: 'path', verb: textAt(attributes, 'verb'), path: textAt(attributes, 'path') }
  }
  if (!isJsonObject(spec['resourceAttributes'])) return undefined
  const attributes = spec['resourceAttributes']
  const text = (key: string): string => textAt(attributes, key)
  return {
    kind: 'resource',
    verb: text('verb'),
    group: text('group'),
    resource: text('resource'),
    subresource: text('subresource'),
    namespace: text('namespace'),
    name: text('name'),
  }
}
