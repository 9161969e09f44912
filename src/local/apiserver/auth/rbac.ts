import type { UserInfo } from '../admission/admission.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { masters } from './authenticator.ts'
import { serviceAccountOf } from './tokens.ts'

/** What a request wants to do, as RBAC sees it. */
export type Action =
  | {
      readonly kind: 'resource'
      readonly verb: string
      readonly group: string
      readonly resource: string
      readonly subresource: string
      /** Empty for cluster-scoped resources and for all namespaces. */
      readonly namespace: string
      readonly name: string
    }
  | { readonly kind: 'path'; readonly verb: string; readonly path: string }

export interface PolicyRule {
  readonly verbs?: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

interface Subject {
  readonly kind?: string
  readonly name?: string
  readonly namespace?: string
}

/** Everyone may look at what the API is and ask about themselves, as the default roles `system:discovery` and `system:basic-user` allow. */
const everyonesRules: readonly PolicyRule[] = [
  {
    verbs: ['get'],
    nonResourceURLs: [
      '/api',
      '/api/*',
      '/apis',
      '/apis/*',
      '/openapi',
      '/openapi/*',
      '/version',
      '/version/',
      '/healthz',
      '/livez',
      '/readyz',
    ],
  },
  { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'] },
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
]

const anonymousRules: readonly PolicyRule[] = [
  { verbs: ['get'], nonResourceURLs: ['/version', '/version/', '/healthz', '/healthz/*', '/livez', '/livez/*', '/readyz', '/readyz/*'] },
]

/** Role-based access control over the stored roles and bindings. Contract: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
export class Rbac {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  allows(user: UserInfo, action: Action): boolean {
    return this.grantOf(user, action) !== undefined
  }

  /** Why a user may do something, in words: empty when no rule is needed for it. Undefined when they may not. */
  grantOf(user: UserInfo, action: Action): string | undefined {
    if (user.groups.includes(masters)) return ''
    const namespace = action.kind === 'resource' ? action.namespace : ''
    for (const { rules, binding } of this.rulesFor(user, namespace)) {
      if (rules.some(rule => covers(rule, action))) return binding === undefined ? '' : grantText(binding, user)
    }
    return undefined
  }

  /** The rules that hold for a user in a namespace (empty: cluster-wide ones alone). */
  *rulesFor(user: UserInfo, namespace: string): Iterable<{ readonly rules: readonly PolicyRule[]; readonly binding?: StoredObject }> {
    yield { rules: user.groups.includes('system:authenticated') ? everyonesRules : anonymousRules }
    for (const binding of this.#storage.collection('clusterrolebindings.rbac.authorization.k8s.io').list()) {
      if (binds(binding, user)) yield { rules: this.#rulesOf(binding), binding }
    }
    if (namespace === '') return
    for (const binding of this.#storage.collection('rolebindings.rbac.authorization.k8s.io').list(namespace)) {
      if (binds(binding, user)) yield { rules: this.#rulesOf(binding), binding }
    }
  }

  #rulesOf(binding: StoredObject): readonly PolicyRule[] {
    const ref = binding['roleRef'] as { kind?: string; name?: string } | undefined
    const isCluster = ref?.kind === 'ClusterRole'
    if (isCluster && ref.name === 'cluster-admin')
      return [
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
        { verbs: ['*'], nonResourceURLs: ['*'] },
      ]
    const collection = isCluster ? 'clusterroles.rbac.authorization.k8s.io' : 'roles.rbac.authorization.k8s.io'
    const role = this.#storage.get(collection, isCluster ? '' : (binding.metadata.namespace ?? ''), ref?.name ?? '')
    return (role?.['rules'] ?? []) as readonly PolicyRule[]
  }
}

/** `RBAC: allowed by RoleBinding "b/ns" of Role "reader" to User "alice"` */
function grantText(binding: StoredObject, user: UserInfo): string {
  const { name, namespace } = binding.metadata
  const ref = binding['roleRef'] as { kind?: string; name?: string } | undefined
  const subject = subjectFor(binding, user)
  const account = subject?.kind === 'ServiceAccount' ? `/${subject.namespace ?? namespace ?? ''}` : ''
  const from = `${namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding'} ${JSON.stringify(namespace === undefined ? name : `${name}/${namespace}`)}`
  return `RBAC: allowed by ${from} of ${ref?.kind ?? ''} ${JSON.stringify(ref?.name ?? '')} to ${subject?.kind ?? ''} ${JSON.stringify((subject?.name ?? '') + account)}`
}

const binds = (binding: StoredObject, user: UserInfo): boolean => subjectFor(binding, user) !== undefined

function subjectFor(binding: StoredObject, user: UserInfo): Subject | undefined {
  const subjects = (binding['subjects'] ?? []) as readonly Subject[]
  return subjects.find(({ kind, name = '', namespace }) => {
    if (kind === 'User') return name === user.name
    if (kind === 'Group') return user.groups.includes(name)
    const account = serviceAccountOf(user.name)
    return kind === 'ServiceAccount' && account?.name === name && account.namespace === (namespace ?? binding.metadata.namespace)
  })
}

function has(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes('*') || list.includes(value))
}

/** Whether a rule allows an action. */
export function covers(rule: PolicyRule, action: Action): boolean {
  if (!has(rule.verbs, action.verb)) return false
  if (action.kind === 'path') {
    return (
      rule.nonResourceURLs?.some(
        url => url === '*' || url === action.path || (url.endsWith('*') && action.path.startsWith(url.slice(0, -1))),
      ) === true
    )
  }
  if (!has(rule.apiGroups, action.group)) return false
  const full = action.subresource === '' ? action.resource : `${action.resource}/${action.subresource}`
  const isNamed =
    rule.resources?.some(item => item === '*' || item === full || (action.subresource !== '' && item === `*/${action.subresource}`)) ===
    true
  if (!isNamed) return false
  const names = rule.resourceNames ?? []
  return names.length === 0 || names.includes(action.name)
}
