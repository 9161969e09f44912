import type { DeepReadonly } from '../../../kube/object.ts'
import type { Container, Volume, VolumeMount } from '../../../apis/core/types.generated.ts'
import type { PodObject } from '../pods/container-state.ts'

/** Where every Kubernetes client library looks for its credentials. */
const credentialsPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const volumeName = 'kube-api-access'

const volume: DeepReadonly<Volume> = {
  name: volumeName,
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
  },
}

const mount: DeepReadonly<VolumeMount> = { name: volumeName, mountPath: credentialsPath, readOnly: true }

/** The volumes of a pod, with the credentials of its service account unless it does not want them. */
export function volumesOf(pod: PodObject): readonly DeepReadonly<Volume>[] {
  const volumes = pod.spec?.volumes ?? []
  return wantsCredentials(pod) ? [...volumes, volume] : volumes
}

/** The mounts of a container; one of its own at the credentials' path wins (as when an admission plugin has added it). */
export function mountsOf(pod: PodObject, definition: DeepReadonly<Container>): readonly DeepReadonly<VolumeMount>[] {
  const mounts = definition.volumeMounts ?? []
  if (!wantsCredentials(pod) || mounts.some(candidate => candidate.mountPath === credentialsPath)) return mounts
  return [...mounts, mount]
}

function wantsCredentials(pod: PodObject): boolean {
  if (pod.spec?.automountServiceAccountToken === false) return false
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  return containers.some(container => !(container.volumeMounts ?? []).some(candidate => candidate.mountPath === credentialsPath))
}
