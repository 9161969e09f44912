import type { Role, RoleBinding } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { equalJson } from '../../../schema/json.ts'
import type { KindStrategy } from '../registry.ts'
import { invalid, oneOf, required, unsupported } from './field-errors.ts'

const RBAC = 'rbac.authorization.k8s.io'

/** Rules of roles: what they allow must say verbs, groups and resources, and paths belong to the cluster. */
export const roleStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    draft['rules'] ??= null
  },
  validate(object) {
    const isNamespaced = object.kind === 'Role'
    return ((object as unknown as DeepReadonly<Role>).rules ?? []).flatMap(({ verbs, apiGroups, resources, nonResourceURLs }, index) => {
      const at = `rules[${index}]`
      const errors: FieldError[] = []
      if ((verbs ?? []).length === 0) errors.push(required(`${at}.verbs`, 'verbs must contain at least one value'))
      if ((nonResourceURLs ?? []).length > 0) {
        if (isNamespaced)
          errors.push(invalid(`${at}.nonResourceURLs`, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'))
        if ((apiGroups ?? []).length > 0 || (resources ?? []).length > 0) {
          errors.push(
            invalid(`${at}.nonResourceURLs`, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'),
          )
        }
        return errors
      }
      if ((apiGroups ?? []).length === 0) errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'))
      if ((resources ?? []).length === 0) errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'))
      return errors
    })
  },
}

export const roleBindingStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    const binding = draft as unknown as RoleBinding
    if (binding.roleRef !== undefined && (binding.roleRef.apiGroup ?? '') === '') binding.roleRef.apiGroup = RBAC
    for (const subject of binding.subjects ?? []) {
      if (subject.apiGroup === undefined && (subject.kind === 'User' || subject.kind === 'Group')) subject.apiGroup = RBAC
    }
  },
  validate(object, old) {
    const { roleRef, subjects } = object as unknown as DeepReadonly<RoleBinding>
    const errors = roleRef?.name === undefined || roleRef.name === '' ? [required('roleRef.name')] : []
    if (roleRef !== undefined) errors.push(...oneOf('roleRef.kind', roleRef.kind, ['Role', 'ClusterRole']))
    for (const [index, subject] of (subjects ?? []).entries()) {
      const at = `subjects[${index}]`
      if ((subject.name ?? '') === '') errors.push(required(`${at}.name`))
      if (!['ServiceAccount', 'User', 'Group'].includes(subject.kind)) {
        errors.push(unsupported(`${at}.kind`, subject.kind, ['ServiceAccount', 'User', 'Group']))
      }
      if (subject.kind === 'ServiceAccount' && (subject.namespace ?? '') === '' && object.kind === 'ClusterRoleBinding') {
        errors.push(required(`${at}.namespace`))
      }
    }
    if (old !== undefined && !equalJson(roleRef, (old as unknown as DeepReadonly<RoleBinding>).roleRef)) {
      const value = { APIGroup: roleRef?.apiGroup, Kind: roleRef?.kind, Name: roleRef?.name }
      errors.push(invalid('roleRef', value, 'cannot change roleRef'))
    }
    return errors
  },
}
