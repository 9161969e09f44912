import type { Pod } from '../../src/apis/core/types.generated.ts'
import { createCertificateAuthority, createServingCertificate } from '../../src/kube/tls/certificates.ts'
import { WebhookServer } from '../../src/kube/webhook/webhook-server.ts'
import type { TestCluster } from './cluster.ts'
import { HostPortAssigner } from './host-port-assigner.ts'
import { ownAddress } from './webhook-processes.ts'

/** The webhook of a managed platform that assigns host ports, on this host; for new pods in the namespace of a cluster. */
export interface PlatformWebhook extends AsyncDisposable {
  /** The pods it was asked about so far, by name. */
  readonly asked: readonly string[]
}

/**
 * Starts it and has the API server call it.
 *
 * @param name of its configuration: API servers call webhooks in the order of these names
 */
export async function startPlatformWebhook(cluster: TestCluster, name: string, annotation: string): Promise<PlatformWebhook> {
  const assigner = new HostPortAssigner(annotation)
  const asked: string[] = []
  const authority = createCertificateAuthority()
  const address = ownAddress()
  const server = await WebhookServer.start({
    host: '0.0.0.0',
    port: 0,
    certificate: createServingCertificate(authority, { names: [address] }),
    handlers: new Map([
      [
        '/assign',
        ({ object }) => {
          const pod = object as Pod
          asked.push(pod.metadata.name)
          const admitted = assigner.admit(pod)
          if (typeof admitted === 'string') {
            const status = {
              kind: 'Status',
              apiVersion: 'v1',
              status: 'Failure',
              code: 403,
              reason: 'Forbidden',
              message: admitted,
            } as const
            return { allowed: false, status }
          }
          const { annotations = {} } = admitted.metadata
          return {
            allowed: true,
            patch: [
              { op: 'replace', path: '/spec', value: admitted.spec },
              { op: 'add', path: '/metadata/annotations', value: annotations },
            ],
          }
        },
      ],
    ]),
  })
  await cluster.apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: 'host-ports.platform.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        clientConfig: { url: `https://${address}:${server.port}/assign`, caBundle: Buffer.from(authority.cert).toString('base64') },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': cluster.namespace } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
      },
    ],
  })
  return {
    asked,
    async [Symbol.asyncDispose]() {
      await cluster.k(['delete', 'mutatingwebhookconfiguration', name])
      await server[Symbol.asyncDispose]()
    },
  }
}
