import { validatingwebhookconfigurations } from '../../apis/core/resources.generated.ts'
import type { ValidatingWebhook, ValidatingWebhookConfiguration, WebhookClientConfig } from '../../apis/core/types.generated.ts'
import { gameServers } from '../../apis/game.kruise.io/game-server.ts'
import { gameServerSets } from '../../apis/game.kruise.io/game-server-set.ts'
import type { New } from '../../kube/object.ts'
import { apiVersionOf } from '../../kube/resource.ts'
import { controlChoices, controlLabel } from './control/decide.ts'

/** Where the webhooks are served. */
export const webhookPaths = {
  gameServerSets: '/validate/game.kruise.io/gameserversets',
  gameServers: '/validate/game.kruise.io/gameservers',
} as const

export interface WebhookConfigurationOptions {
  readonly name: string
  /** The Service in front of the webhooks, or the URL (`https://host:port`) of those that run outside of the cluster. */
  readonly server:
    | { readonly service: { readonly name: string; readonly namespace: string; readonly port?: number } }
    | { readonly url: string }
  /** Berth's controller, `system:serviceaccount:<namespace>:<name>`; its writes are not looked at. */
  readonly controllerUser?: string
  /** Only objects in these namespaces. Default: in all. */
  readonly namespaces?: readonly string[]
}

/**
 * The ValidatingWebhookConfiguration of the family, without `caBundle`, which the webhooks themselves put in. Berth's chart has the same.
 *
 * An outage of Berth must keep nobody from working, so failures are ignored: what has to hold is in the CustomResourceDefinition's own rules, and
 * the controller tells of the rest in conditions. Nothing but game servers is ever sent, and of those only a spec that somebody else
 * than Berth has changed: no call is made when servers are created, scaled, or report their state.
 */
export function okgWebhookConfiguration(options: WebhookConfigurationOptions): New<ValidatingWebhookConfiguration> {
  const { name, server, controllerUser, namespaces } = options
  const clientConfig = (path: string): WebhookClientConfig =>
    'url' in server ? { url: `${server.url.replace(/\/$/, '')}${path}` } : { service: { port: 443, ...server.service, path } }
  const notByBerth = { name: 'not-by-berth', expression: `request.userInfo.username != '${controllerUser}'` }
  const webhook = (
    { group, version, plural }: { group: string; version: string; plural: string },
    path: string,
    operations: ('CREATE' | 'UPDATE')[],
    specChanged: string,
  ): ValidatingWebhook => ({
    name: `${plural}.validation.berth.dev`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Ignore',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 3,
    clientConfig: clientConfig(path),
    ...(namespaces !== undefined && {
      namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [...namespaces] }] },
    }),
    objectSelector: { matchExpressions: [{ key: controlLabel, operator: 'NotIn', values: [controlChoices.handsOff] }] },
    rules: [{ apiGroups: [group], apiVersions: [version], resources: [plural], operations, scope: 'Namespaced' }],
    matchConditions: [...(controllerUser === undefined ? [] : [notByBerth]), { name: 'spec-changed', expression: specChanged }],
  })
  return {
    apiVersion: apiVersionOf(validatingwebhookconfigurations),
    kind: validatingwebhookconfigurations.kind,
    metadata: { name },
    webhooks: [
      webhook(
        gameServerSets,
        webhookPaths.gameServerSets,
        ['CREATE', 'UPDATE'],
        "request.operation == 'CREATE' || object.spec != oldObject.spec",
      ),
      webhook(
        gameServers,
        webhookPaths.gameServers,
        ['UPDATE'],
        'has(object.spec) && (!has(oldObject.spec) || object.spec != oldObject.spec)',
      ),
    ],
  }
}
