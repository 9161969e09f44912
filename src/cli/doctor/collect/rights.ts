import type { Client } from '../../../kube/client.ts'
import type { ResourceType } from '../../../kube/resource.ts'
import { ask, type Asked } from '../asked.ts'
import type { Right } from '../rights.ts'

interface AccessReview {
  status?: { allowed?: boolean }
}

const review = (plural: string): ResourceType => ({
  group: 'authorization.k8s.io',
  version: 'v1',
  plural,
  kind: plural === 'selfsubjectaccessreviews' ? 'SelfSubjectAccessReview' : 'SubjectAccessReview',
  namespaced: false,
})

/** Which of the rights are missing in the namespace (in all and in none, when undefined). `user` undefined asks about oneself. */
export function missingRights(
  client: Client,
  user: string | undefined,
  rights: readonly Right[],
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<Asked<readonly string[]>> {
  return ask(async () => {
    const missing = await Promise.all(
      rights.map(async right => {
        const allowed = await Promise.all(right.verbs.map(verb => isAllowed(client, user, { ...right, verb }, namespace, signal)))
        return right.verbs.filter((_verb, index) => allowed[index] !== true)
      }),
    )
    return rights.flatMap((right, index) => ((missing[index] ?? []).length === 0 ? [] : [describe(right, missing[index] ?? [], namespace)]))
  })
}

type Check = Omit<Right, 'verbs'> & { readonly verb: string }

async function isAllowed(
  client: Client,
  user: string | undefined,
  { group, resource, verb, name }: Check,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const [plural = '', subresource] = resource.split('/')
  const resourceAttributes = {
    group,
    resource: plural,
    verb,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  }
  const type = review(user === undefined ? 'selfsubjectaccessreviews' : 'subjectaccessreviews')
  const spec = user === undefined ? { resourceAttributes } : { resourceAttributes, user, groups: groupsOf(user) }
  const answer = (await client.create(type, { metadata: {}, spec } as never, { signal })) as AccessReview
  return answer.status?.allowed === true
}

/** Service accounts have their rights also as members of these. */
function groupsOf(user: string): string[] {
  const [, kind, namespace] = user.split(':')
  return kind === 'serviceaccount'
    ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
    : ['system:authenticated']
}

function describe({ group, resource, name }: Right, verbs: readonly string[], namespace: string | undefined): string {
  const what = `${verbs.join('/')} ${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${name}`}`
  return namespace === undefined ? what : `${what} in ${namespace}`
}
