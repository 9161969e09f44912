/** The webhook that sets passthrough ports where the platform assigns host ports, and its configuration. Contract: Agones. */
import { mutatingwebhookconfigurations, pods } from '../../../apis/core/resources.generated.ts'
import type { MutatingWebhookConfiguration, Pod, WebhookClientConfig } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly, New } from '../../../kube/object.ts'
import { apiVersionOf } from '../../../kube/resource.ts'
import type { AdmissionHandler } from '../../../kube/webhook/webhook-server.ts'
import { invalidStatus } from '../../../schema/status.ts'
import { passthroughChange } from './passthrough.ts'
import type { Mark } from './settings.ts'

/** Where it is served. */
export const passthroughPath = '/mutate'

/** API servers call webhooks in the order of these names; it should come behind the platform's, and is called again where it does not. */
export const passthroughConfigurationName = 'zzz-agones-mutation-webhook'

export interface PassthroughOptions {
  /** How pods with passthrough ports are marked. All others are admitted as they are. */
  readonly mark: Mark
  /** Everything in other namespaces is admitted as it is. Default: all are looked at. */
  readonly namespaces?: readonly string[]
}

/** Answers AdmissionReviews about new pods: nothing but container ports of marked pods is changed. */
export function passthroughHandler({ mark, namespaces }: PassthroughOptions): AdmissionHandler {
  return ({ resource, subResource = '', operation, namespace = '', object }) => {
    const isNewPod = resource.group === pods.group && resource.resource === pods.plural && subResource === '' && operation === 'CREATE'
    const pod = object as DeepReadonly<Pod> | null
    const isSeen = namespaces === undefined || namespaces.includes(namespace)
    if (!isNewPod || !isSeen || pod?.metadata.labels?.[mark.key] !== mark.value) return { allowed: true }
    const change = passthroughChange(pod)
    if ('errors' in change) return { allowed: false, status: invalidStatus(pods, pod.metadata.name, change.errors) }
    return { allowed: true, patch: change.steps }
  }
}

/**
 * The MutatingWebhookConfiguration, without `caBundle`, which the webhooks themselves put in. Berth's chart has the same.
 *
 * A pod that it was not asked about would listen at a port that nobody is sent to, so failures refuse the pod, and it is made a little later.
 */
export function passthroughConfiguration(
  { mark, namespaces }: PassthroughOptions,
  server: { readonly service: { readonly name: string; readonly namespace: string } } | { readonly url: string },
): New<MutatingWebhookConfiguration> {
  const clientConfig: WebhookClientConfig =
    'url' in server
      ? { url: `${server.url.replace(/\/$/, '')}${passthroughPath}` }
      : { service: { port: 443, ...server.service, path: passthroughPath } }
  return {
    apiVersion: apiVersionOf(mutatingwebhookconfigurations),
    kind: mutatingwebhookconfigurations.kind,
    metadata: { name: passthroughConfigurationName },
    webhooks: [
      {
        name: 'mutations.agones.dev',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        reinvocationPolicy: 'IfNeeded',
        timeoutSeconds: 10,
        clientConfig,
        ...(namespaces !== undefined && {
          namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [...namespaces] }] },
        }),
        objectSelector: { matchLabels: { [mark.key]: mark.value } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'], scope: 'Namespaced' }],
      },
    ],
  }
}
