import type { Cells } from './cells.ts'
import * as cluster from './cluster-cells.ts'
import { eventCells, eventsEventCells } from './event-cells.ts'
import * as network from './network-cells.ts'
import { podCells } from './pod-cells.ts'
import * as workload from './workload-cells.ts'

/** The cells of the built-in kinds, by `group/plural`; their order is that of the columns in discovery. */
export const builtinCells: ReadonlyMap<string, Cells> = new Map([
  ['/configmaps', cluster.configMapCells],
  ['/endpoints', network.endpointsCells],
  ['/events', eventCells],
  ['/namespaces', cluster.namespaceCells],
  ['/nodes', cluster.nodeCells],
  ['/persistentvolumeclaims', cluster.volumeClaimCells],
  ['/persistentvolumes', cluster.volumeCells],
  ['/pods', podCells],
  ['/podtemplates', workload.podTemplateCells],
  ['/replicationcontrollers', workload.replicationControllerCells],
  ['/resourcequotas', cluster.resourceQuotaCells],
  ['/secrets', cluster.secretCells],
  ['/serviceaccounts', cluster.serviceAccountCells],
  ['/services', network.serviceCells],
  ['apiregistration.k8s.io/apiservices', cluster.apiServiceCells],
  ['apps/controllerrevisions', workload.controllerRevisionCells],
  ['apps/daemonsets', workload.daemonSetCells],
  ['apps/deployments', workload.deploymentCells],
  ['apps/replicasets', workload.replicaSetCells],
  ['apps/statefulsets', workload.statefulSetCells],
  ['events.k8s.io/events', eventsEventCells],
  ['autoscaling/horizontalpodautoscalers', cluster.autoscalerCells],
  ['batch/cronjobs', workload.cronJobCells],
  ['batch/jobs', workload.jobCells],
  ['networking.k8s.io/ingressclasses', network.ingressClassCells],
  ['networking.k8s.io/ingresses', network.ingressCells],
  ['networking.k8s.io/networkpolicies', network.networkPolicyCells],
  ['policy/poddisruptionbudgets', workload.disruptionBudgetCells],
  ['rbac.authorization.k8s.io/clusterrolebindings', cluster.roleBindingCells],
  ['rbac.authorization.k8s.io/rolebindings', cluster.roleBindingCells],
  ['storage.k8s.io/storageclasses', cluster.storageClassCells],
  ['admissionregistration.k8s.io/mutatingwebhookconfigurations', cluster.webhookConfigurationCells],
  ['admissionregistration.k8s.io/validatingwebhookconfigurations', cluster.webhookConfigurationCells],
  ['scheduling.k8s.io/priorityclasses', cluster.priorityClassCells],
  ['coordination.k8s.io/leases', cluster.leaseCells],
  ['discovery.k8s.io/endpointslices', network.endpointSliceCells],
])
