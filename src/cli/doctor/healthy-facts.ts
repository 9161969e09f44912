/** For tests: a cluster on which everything is as it should be. */
import type { Deployment, Lease } from '../../apis/core/types.generated.ts'
import { okgCustomResourceDefinitions } from '../../apis/game.kruise.io/custom-resource-definitions.ts'
import { createCertificateAuthority, createServingCertificate } from '../../kube/tls/certificates.ts'
import type { Asked } from './asked.ts'
import type { Facts, WebhookFacts } from './facts.ts'

export const now = Date.parse('2026-06-01T12:00:00Z')
export const dayMs = 24 * 60 * 60 * 1000

export const known = <T>(value: T): Asked<T> => ({ known: true, value })
export const refused: Asked<never> = { known: false, forbidden: true, reason: 'deployments.apps is forbidden' }

export const meta = (namespace: string, name: string, more: object = {}) => ({
  name,
  namespace,
  uid: `${namespace}-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  generation: 1,
  ...more,
})

/** One of Berth's Deployments. */
export function deployment(
  component: 'controller' | 'webhooks',
  args: readonly string[] = [],
  status: object = {},
  replicas = 2,
): Deployment {
  const labels = {
    'app.kubernetes.io/part-of': 'berth',
    'app.kubernetes.io/component': component,
    'app.kubernetes.io/version': '0.1.0',
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta('berth-system', `berth-${component}`, { labels }),
    spec: {
      replicas,
      selector: { matchLabels: { 'app.kubernetes.io/component': component } },
      template: {
        metadata: { labels },
        spec: { serviceAccountName: `berth-${component}`, containers: [{ name: component, args: [component, ...args] }] },
      },
    },
    status: { observedGeneration: 1, replicas, updatedReplicas: replicas, availableReplicas: replicas, ...status },
  } as unknown as Deployment
}

/** A Deployment of somebody else. */
export function foreignDeployment(namespace: string, name: string, replicas: number): Deployment {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta(namespace, name), spec: { replicas } } as unknown as Deployment
}

export function lease(secondsAgo: number, namespace = 'berth-system', holderIdentity = 'berth-controller-a'): Lease {
  const renewTime = new Date(now - secondsAgo * 1000).toISOString().replace('Z', '000Z')
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: meta(namespace, 'berth-controller'),
    spec: { holderIdentity, leaseDurationSeconds: 15, renewTime },
  }
}

/** An authority and a certificate of it that began `sinceDays` ago and end in `daysLeft`. */
export function certificates(daysLeft: number, sinceDays = 0): { readonly bundle: string; readonly serving: string } {
  const life = { now: new Date(now - sinceDays * dayMs), lifetimeMs: (daysLeft + sinceDays) * dayMs }
  const authority = createCertificateAuthority(life)
  return {
    bundle: Buffer.from(authority.cert).toString('base64'),
    serving: createServingCertificate(authority, { names: ['berth-webhooks.berth-system.svc'], ...life }).cert,
  }
}

const service = { apiVersion: 'v1', kind: 'Service', metadata: meta('berth-system', 'berth-webhooks') }

export function ownWebhook(caBundle: string, more: Partial<WebhookFacts> = {}): WebhookFacts {
  return {
    kind: 'ValidatingWebhookConfiguration',
    configuration: 'berth-webhooks',
    webhook: {
      name: 'gameserversets.validation.berth.dev',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
      clientConfig: { caBundle, service: { namespace: 'berth-system', name: 'berth-webhooks' } },
      rules: [{ apiGroups: ['game.kruise.io'], apiVersions: ['v1alpha1'], resources: ['gameserversets'], operations: ['CREATE'] }],
    },
    service: known(service),
    readyEndpoints: known(2),
    ...more,
  }
}

/** A webhook of somebody else for pods. */
export function foreignWebhook(configuration: string, more: Partial<WebhookFacts> = {}, policy: 'Fail' | 'Ignore' = 'Fail'): WebhookFacts {
  return {
    kind: 'MutatingWebhookConfiguration',
    configuration,
    webhook: {
      name: 'mgameserverset.kb.io',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: policy,
      clientConfig: { service: { namespace: 'okg', name: 'hooks' } },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE', 'UPDATE'] }],
    },
    service: known(service),
    readyEndpoints: known(1),
    ...more,
  }
}

const good = certificates(80, 10)

export const healthy: Facts = {
  ownVersion: '0.1.0',
  now,
  version: { major: '1', minor: '34', gitVersion: 'v1.34.4' },
  clock: { aheadMs: 200, uncertaintyMs: 510 },
  podSubresources: known(['log', 'exec', 'resize', 'status']),
  groups: known(['apps', 'game.kruise.io']),
  definitions: known(
    okgCustomResourceDefinitions.map(({ spec, metadata }) => ({
      apiVersion: 'apiextensions.k8s.io/v1' as const,
      kind: 'CustomResourceDefinition' as const,
      metadata: meta('', metadata.name),
      // As a server stores it: with its defaults.
      spec: { ...spec, conversion: { strategy: 'None' } },
      status: { conditions: [{ type: 'Established', status: 'True' }] },
    })) as never,
  ),
  installation: {
    deployments: known([
      deployment('controller', ['--bind=0.0.0.0:8080', '--lease-namespace=$(POD_NAMESPACE)']),
      deployment('webhooks', ['--secret-name=berth-webhooks-tls']),
    ]),
    pods: known([]),
    leases: known([lease(2)]),
    servingCertificate: known(good.serving),
  },
  rights: [
    { user: undefined, purpose: 'game servers in default', missing: known([]) },
    { user: 'system:serviceaccount:berth-system:berth-controller', purpose: 'berth-system/berth-controller', missing: known([]) },
  ],
  webhooks: known([ownWebhook(good.bundle)]),
  probe: known('refused by Berth'),
  others: { okgManagers: known([]), okgLeases: known([]), agones: known([]), agonesServices: known([]) },
  sets: { sets: known([]), workloads: known([]), revisions: known([]), pods: known([]) },
}
