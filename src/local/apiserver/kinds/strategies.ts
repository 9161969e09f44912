import type { KindStrategy } from '../registry.ts'
import * as cluster from './cluster-kinds.ts'
import { configMapStrategy, secretStrategy } from './data-kinds.ts'
import { eventStrategy } from './event.ts'
import * as network from './network-kinds.ts'
import { podStrategy } from './pod/pod-strategy.ts'
import * as rbac from './rbac-kinds.ts'
import { serviceStrategy } from './service.ts'
import * as small from './small-kinds.ts'
import * as storage from './storage-kinds.ts'
import { webhookConfigurationStrategy } from './webhook-configuration.ts'
import * as workload from './workloads.ts'

/** Kinds without rules of their own. */
export const plainStrategy: KindStrategy = { hasGeneration: false }

/** Kinds without rules of their own whose `metadata.generation` counts changes of the spec. */
const countedStrategy: KindStrategy = { hasGeneration: true }

/**
 * What Kubernetes does for its own kinds, by `group/plural` (the core group is empty: `/pods`).
 * Kinds that are missing have {@link plainStrategy}.
 */
export const builtinStrategies: ReadonlyMap<string, KindStrategy> = new Map<string, KindStrategy>([
  ['/configmaps', configMapStrategy],
  ['/endpoints', network.endpointsStrategy],
  ['/events', eventStrategy],
  ['/namespaces', cluster.namespaceStrategy],
  ['/nodes', cluster.nodeStrategy],
  ['/persistentvolumeclaims', storage.claimStrategy],
  ['/persistentvolumes', storage.volumeStrategy],
  ['/pods', podStrategy],
  ['/replicationcontrollers', workload.replicationControllerStrategy],
  ['/secrets', secretStrategy],
  ['/services', serviceStrategy],
  ['apps/controllerrevisions', small.controllerRevisionStrategy],
  ['apps/daemonsets', workload.daemonSetStrategy],
  ['apps/deployments', workload.deploymentStrategy],
  ['apps/replicasets', workload.replicaSetStrategy],
  ['apps/statefulsets', workload.statefulSetStrategy],
  ['events.k8s.io/events', eventStrategy],
  ['autoscaling/horizontalpodautoscalers', cluster.autoscalerStrategy],
  ['batch/cronjobs', workload.cronJobStrategy],
  ['batch/jobs', workload.jobStrategy],
  ['networking.k8s.io/ingressclasses', network.ingressClassStrategy],
  ['networking.k8s.io/ingresses', network.ingressStrategy],
  ['networking.k8s.io/networkpolicies', network.networkPolicyStrategy],
  ['policy/poddisruptionbudgets', small.disruptionBudgetStrategy],
  ['coordination.k8s.io/leases', small.leaseStrategy],
  ['/podtemplates', countedStrategy],
  ['rbac.authorization.k8s.io/clusterroles', rbac.roleStrategy],
  ['rbac.authorization.k8s.io/roles', rbac.roleStrategy],
  ['rbac.authorization.k8s.io/clusterrolebindings', rbac.roleBindingStrategy],
  ['rbac.authorization.k8s.io/rolebindings', rbac.roleBindingStrategy],
  ['storage.k8s.io/storageclasses', storage.storageClassStrategy],
  ['admissionregistration.k8s.io/mutatingwebhookconfigurations', webhookConfigurationStrategy],
  ['admissionregistration.k8s.io/validatingwebhookconfigurations', webhookConfigurationStrategy],
  ['scheduling.k8s.io/priorityclasses', cluster.priorityClassStrategy],
  ['discovery.k8s.io/endpointslices', network.endpointSliceStrategy],
])
