import type {
  Container,
  DownwardAPIVolumeFile,
  Lifecycle,
  PodSpec,
  Probe,
  ProjectedVolumeSource,
  Volume,
} from '../../../../apis/core/types.generated.ts'
import { canonicalQuantity } from './canonical-quantity.ts'

/** The defaults of a pod's or pod template's spec, as Kubernetes' `SetDefaults_PodSpec` and its fellows give them. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.restartPolicy ??= 'Always'
  spec.dnsPolicy ??= 'ClusterFirst'
  spec.schedulerName ??= 'default-scheduler'
  spec.securityContext ??= {}
  spec.terminationGracePeriodSeconds ??= 30
  for (const container of spec.initContainers ?? []) defaultContainer(container, spec.hostNetwork === true)
  for (const container of spec.containers ?? []) defaultContainer(container, spec.hostNetwork === true)
  for (const volume of spec.volumes ?? []) defaultVolume(volume)
  if (spec.serviceAccountName !== undefined) spec.serviceAccount ??= spec.serviceAccountName
  else if (spec.serviceAccount !== undefined) spec.serviceAccountName = spec.serviceAccount
}

/** What pods get beyond templates: service links, and requests from limits. */
export function defaultPod(spec: PodSpec): void {
  defaultPodSpec(spec)
  spec.enableServiceLinks ??= true
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const { resources } = container
    if (resources?.limits === undefined) continue
    const missing = Object.entries(resources.limits).filter(([name]) => resources.requests?.[name] === undefined)
    if (missing.length > 0) resources.requests = { ...resources.requests, ...Object.fromEntries(missing) }
  }
}

function defaultContainer(container: Container, hostNetwork: boolean): void {
  if (container.image !== undefined && container.image !== '')
    container.imagePullPolicy ??= usesLatest(container.image) ? 'Always' : 'IfNotPresent'
  container.terminationMessagePath ??= '/dev/termination-log'
  container.terminationMessagePolicy ??= 'File'
  container.resources ??= {}
  for (const list of [container.resources.limits, container.resources.requests]) if (list !== undefined) canonicalise(list)
  for (const port of container.ports ?? []) {
    port.protocol ??= 'TCP'
    if (hostNetwork && (port.hostPort === undefined || port.hostPort === 0)) port.hostPort = port.containerPort
  }
  for (const variable of container.env ?? []) {
    if (variable.valueFrom?.fieldRef !== undefined) variable.valueFrom.fieldRef.apiVersion ??= 'v1'
    if (variable.valueFrom?.resourceFieldRef !== undefined) variable.valueFrom.resourceFieldRef.divisor ??= '0'
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe !== undefined) defaultProbe(probe)
  }
  defaultLifecycle(container.lifecycle)
}

function canonicalise(quantities: Record<string, string | number>): void {
  for (const [name, text] of Object.entries(quantities)) {
    const canonical = canonicalQuantity(text)
    if (canonical !== text) quantities[name] = canonical
  }
}

/** An image without tag and digest means `latest`. */
export function usesLatest(image: string): boolean {
  if (image.includes('@')) return false
  const tag = /:([\w][\w.-]*)$/.exec(image)
  return tag === null || tag[1] === 'latest'
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ??= 1
  probe.periodSeconds ??= 10
  probe.successThreshold ??= 1
  probe.failureThreshold ??= 3
  if (probe.httpGet !== undefined) {
    probe.httpGet.path ??= '/'
    probe.httpGet.scheme ??= 'HTTP'
  }
  if (probe.grpc !== undefined) probe.grpc.service ??= ''
}

function defaultLifecycle(lifecycle: Lifecycle | undefined): void {
  for (const handler of [lifecycle?.postStart, lifecycle?.preStop]) {
    if (handler?.httpGet === undefined) continue
    handler.httpGet.path ??= '/'
    handler.httpGet.scheme ??= 'HTTP'
  }
}

/** rw-r--r-- */
const DEFAULT_MODE = 0o644

function defaultVolume(volume: Volume): void {
  if (Object.keys(volume).every(key => key === 'name')) volume.emptyDir = {}
  if (volume.configMap !== undefined) volume.configMap.defaultMode ??= DEFAULT_MODE
  if (volume.secret !== undefined) volume.secret.defaultMode ??= DEFAULT_MODE
  if (volume.hostPath !== undefined) volume.hostPath.type ??= ''
  if (volume.downwardAPI !== undefined) {
    volume.downwardAPI.defaultMode ??= DEFAULT_MODE
    defaultItems(volume.downwardAPI.items)
  }
  if (volume.projected !== undefined) defaultProjected(volume.projected)
}

function defaultProjected(projected: ProjectedVolumeSource): void {
  projected.defaultMode ??= DEFAULT_MODE
  for (const source of projected.sources ?? []) {
    if (source.serviceAccountToken !== undefined) source.serviceAccountToken.expirationSeconds ??= 3600
    defaultItems(source.downwardAPI?.items)
  }
}

function defaultItems(items: DownwardAPIVolumeFile[] | undefined): void {
  for (const { fieldRef } of items ?? []) if (fieldRef !== undefined) fieldRef.apiVersion ??= 'v1'
}
