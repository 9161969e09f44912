import type { Deployment } from '../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../kube/object.ts'

/** Labels by which Berth's own objects are found, whatever the release is called. */
export const partOfBerth = 'app.kubernetes.io/part-of=berth'

export type Component = 'controller' | 'webhooks'

/** Which part of Berth a Deployment is. */
export function componentOf({ metadata }: DeepReadonly<Deployment>): Component | undefined {
  const name = metadata.labels?.['app.kubernetes.io/component']
  return name === 'controller' || name === 'webhooks' ? name : undefined
}

/** `namespace/name`. */
export function refOf({
  metadata: { namespace = '', name },
}: {
  readonly metadata: { readonly namespace?: string; readonly name: string }
}): string {
  return `${namespace}/${name}`
}

/** The value of an argument `--name=value` or `--name value` of the Deployment's container, with `$(POD_NAMESPACE)` filled in. */
export function argument(deployment: DeepReadonly<Deployment>, name: string): string | undefined {
  const args = deployment.spec?.template.spec?.containers[0]?.args ?? []
  const at = args.findIndex(arg => arg === `--${name}` || arg.startsWith(`--${name}=`))
  if (at < 0) return undefined
  const arg = args[at] ?? ''
  const value = arg.includes('=') ? arg.slice(arg.indexOf('=') + 1) : (args[at + 1] ?? '')
  return value.replaceAll('$(POD_NAMESPACE)', deployment.metadata.namespace ?? '')
}

/** Whether the Deployment has the flag. */
export function hasFlag(deployment: DeepReadonly<Deployment>, name: string): boolean {
  return deployment.spec?.template.spec?.containers[0]?.args?.includes(`--${name}`) === true
}

/** Namespaces the controller is limited to; undefined when to none. */
export function namespacesOf(deployment: DeepReadonly<Deployment>): readonly string[] | undefined {
  return argument(deployment, 'namespaces')?.split(',')
}

/** The user its pods are. */
export function serviceAccountOf(deployment: DeepReadonly<Deployment>): string {
  return `system:serviceaccount:${deployment.metadata.namespace ?? ''}:${deployment.spec?.template.spec?.serviceAccountName ?? 'default'}`
}
