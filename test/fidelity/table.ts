import { applying } from './chapters/apply.ts'
import { authorization, dataObjects, leasesAndEvents, networking } from './chapters/cluster-objects.ts'
import { customResources, definitionsChapter } from './chapters/custom-resources.ts'
import { discovery } from './chapters/discovery.ts'
import { gameServerSets } from './chapters/game-server-sets.ts'
import { lifecycle, namespaces } from './chapters/lifecycle.ts'
import { objects } from './chapters/objects.ts'
import { paging } from './chapters/paging.ts'
import { patches } from './chapters/patches.ts'
import { podChapter, podSubresources, podTermination } from './chapters/pods.ts'
import { fieldValidation, protocol } from './chapters/protocol.ts'
import { selectors } from './chapters/selectors.ts'
import { serviceChapter } from './chapters/services.ts'
import { tables } from './chapters/tables.ts'
import { watches } from './chapters/watches.ts'
import { workloads } from './chapters/workloads.ts'
import type { Chapter } from './step.ts'

/** Every request that the embedded server and a real one must answer alike. */
export const table: readonly Chapter[] = [
  objects,
  selectors,
  patches,
  applying,
  watches,
  paging,
  lifecycle,
  namespaces,
  podChapter,
  podTermination,
  podSubresources,
  serviceChapter,
  workloads,
  dataObjects,
  leasesAndEvents,
  authorization,
  networking,
  customResources,
  definitionsChapter,
  gameServerSets,
  protocol,
  fieldValidation,
  tables,
  discovery,
]
