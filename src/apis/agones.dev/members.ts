import type { PrinterColumn } from '../../schema/crd.ts'
import { s } from '../../schema/builder.ts'
import { defaults } from './defaults.ts'
import { priorityTypes, sortOrders, schedulings } from './states.ts'

/** Members that several kinds of Agones share. */

export const scheduling = s.string({
  enum: schedulings,
  default: defaults.scheduling,
  description: 'Packed (default) fills nodes one after the other; Distributed spreads the servers.',
})

export const priority = s.object({
  type: s.string({ enum: priorityTypes, description: 'Counter or List.' }),
  key: s.string({ description: 'Name of the counter or list.' }),
  order: s.optional(s.string({ enum: sortOrders, default: 'Ascending', description: 'Ascending (default) prefers less free room.' })),
})

export const allocationOverflow = s.object(
  {
    labels: s.optional(s.nullable(s.map(s.string(), { description: 'Labels to put on them.' }))),
    annotations: s.optional(s.nullable(s.map(s.string(), { description: 'Annotations to put on them.' }))),
  },
  { description: 'What to put on Allocated servers beyond the wanted number, so that they learn of it.' },
)

const total = (description: string) => s.optional(s.int64({ description }))

const totals = (of: string) =>
  s.nullable(
    s.map(
      s.object({
        allocatedCount: total('Count of the Allocated servers.'),
        allocatedCapacity: total('Capacity of the Allocated servers.'),
        count: total('Count of all servers.'),
        capacity: total('Capacity of all servers.'),
      }),
      { description: `Sums of ${of} over the servers.` },
    ),
  )

/** What Fleets and GameServerSets count alike. */
export const countedStatus = {
  replicas: s.optional(s.int32({ description: 'How many servers there are.' })),
  updatedReplicas: s.optional(s.int32({ description: 'How many have the newest template; fewer than there are during an update.' })),
  readyReplicas: s.optional(s.int32({ description: 'How many are Ready.' })),
  reservedReplicas: s.optional(s.int32({ description: 'How many are Reserved.' })),
  allocatedReplicas: s.optional(s.int32({ description: 'How many are Allocated.' })),
  counters: s.optional(totals('the counters')),
  lists: s.optional(totals('the lists')),
  labelSelector: s.optional(s.string({ description: 'Selects the pods, for autoscalers.' })),
} as const

/** `kubectl scale`, and autoscalers that select pods. */
export const countedScale = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.status.labelSelector',
} as const

const column = (name: string, type: PrinterColumn['type'], jsonPath: string, more: Partial<PrinterColumn> = {}): PrinterColumn => ({
  name,
  type,
  jsonPath,
  ...more,
})

export const countedColumns: readonly PrinterColumn[] = [
  column('Scheduling', 'string', '.spec.scheduling'),
  column('Desired', 'integer', '.spec.replicas'),
  column('Current', 'integer', '.status.replicas'),
  column('Allocated', 'integer', '.status.allocatedReplicas'),
  column('Ready', 'integer', '.status.readyReplicas'),
  // Beyond Agones, and so only where more is asked for (`-o wide`).
  column('Updated', 'integer', '.status.updatedReplicas', { priority: 1 }),
  column('Age', 'date', '.metadata.creationTimestamp'),
]
