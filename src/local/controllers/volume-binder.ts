import {
  persistentvolumeclaims as claimType,
  persistentvolumes as volumeType,
  storageclasses as classType,
} from '../../apis/core/resources.generated.ts'
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../apis/core/types.generated.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../kube/api-error.ts'
import type { Client } from '../../kube/client.ts'
import { type Clock, systemClock } from '../../kube/clock.ts'
import { type Controller, createController, type Result } from '../../kube/controller.ts'
import type { EventRecorder } from '../../kube/event-recorder.ts'
import { type Logger, noopLogger } from '../../kube/logger.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { Store } from '../../kube/store.ts'

export interface VolumeBinderOptions {
  readonly client: Client
  readonly claims: Store<PersistentVolumeClaim>
  readonly volumes: Store<PersistentVolume>
  readonly classes: Store<StorageClass>
  readonly recorder: EventRecorder
  readonly clock?: Clock
  readonly logger?: Logger
}

/** The default class of the embedded cluster; volumes are folders of the host that live as long as the cluster's state. */
const localClass = 'standard'
const provisioner = 'berth.dev/local-folder'
const defaultClassAnnotation = 'storageclass.kubernetes.io/is-default-class'

/**
 * Binds claims of the local class, and claims that name no class, each to a volume of its own. Claims of other classes get an
 * event and wait, as without a provisioner anywhere. Volumes go with their claim.
 */
export function createVolumeBinder(options: VolumeBinderOptions): Controller {
  const { client, claims, volumes, classes, recorder, clock = systemClock, logger = noopLogger } = options

  const provision = async (claim: DeepReadonly<PersistentVolumeClaim>, name: string): Promise<void> => {
    const { metadata, spec } = claim
    const capacity = { storage: spec?.resources?.requests?.['storage'] ?? '1Gi' }
    const volume = {
      metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } },
      spec: {
        capacity,
        accessModes: [...(spec?.accessModes ?? [])],
        claimRef: {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          name: metadata.name,
          namespace: metadata.namespace ?? '',
          uid: metadata.uid,
        },
        persistentVolumeReclaimPolicy: 'Delete' as const,
        storageClassName: localClass,
        volumeMode: spec?.volumeMode ?? ('Filesystem' as const),
        // The node makes the folder; the path only has to tell volumes apart.
        hostPath: { path: `/var/lib/berth/claims/${name}` },
      },
    }
    if (volumes.get(name) === undefined) {
      await client.create(volumeType, volume).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error
      })
    }
    await client.patch(volumeType, { name }, { status: { phase: 'Bound' } }, { type: 'merge', subresource: 'status' })
    const ref = { namespace: metadata.namespace ?? '', name: metadata.name }
    const annotations = { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' }
    if (spec?.volumeName !== name) {
      const patch = {
        metadata: { uid: metadata.uid, annotations },
        spec: { volumeName: name, ...(spec?.storageClassName === undefined ? { storageClassName: localClass } : {}) },
      }
      await client.patch(claimType, ref, patch, { type: 'merge' })
    }
    const status = { phase: 'Bound', accessModes: [...(spec?.accessModes ?? [])], capacity }
    await client.patch(claimType, ref, { metadata: { uid: metadata.uid }, status }, { type: 'merge', subresource: 'status' })
    recorder.event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`)
  }

  const reconcileClaim = async (claim: DeepReadonly<PersistentVolumeClaim>): Promise<void> => {
    if (claim.status?.phase === 'Bound' || claim.metadata.deletionTimestamp !== undefined) return
    const wanted = claim.spec?.storageClassName
    const name = `pvc-${claim.metadata.uid}`
    const bound = claim.spec?.volumeName
    if (bound !== undefined && bound !== '' && bound !== name) return
    const isLocal = wanted === undefined || wanted === localClass || classes.get(wanted)?.provisioner === provisioner
    if (isLocal) await provision(claim, name)
    else if (wanted !== '')
      recorder.event(
        claim,
        'Warning',
        'ProvisioningFailed',
        `storageclass.storage.k8s.io ${JSON.stringify(wanted)} not found or not served here; this cluster provisions class "${localClass}"`,
      )
  }

  const reconcile = async (key: string): Promise<Result> => {
    const claim = claims.get(key)
    try {
      if (claim !== undefined) await reconcileClaim(claim)
      for (const volume of claim === undefined ? orphans(key) : []) {
        await client.delete(volumeType, { name: volume.metadata.name }, { preconditions: { uid: volume.metadata.uid } })
      }
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
    return 'done'
  }

  volumes.addIndex('volume-claim', volume => [claimOf(volume)])
  const orphans = (key: string) =>
    volumes.byIndex('volume-claim', key).filter(volume => volume.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === provisioner)

  const ensureClass = async (): Promise<void> => {
    if (classes.list().some(one => one.metadata.annotations?.[defaultClassAnnotation] === 'true')) return
    const metadata = { name: localClass, annotations: { [defaultClassAnnotation]: 'true' } }
    await client
      .create(classType, { metadata, provisioner, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' })
      .catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error
      })
  }

  const controller = createController({ name: 'volume-binder', reconcile, clock, logger })
  controller.watch(claims)
  controller.watch(volumes, { keysOf: volume => [claimOf(volume)].filter(key => key !== '') })
  return {
    ...controller,
    async start(signal) {
      await classes.whenSynced(signal)
      await ensureClass()
      await controller.start(signal)
    },
  }
}

function claimOf(volume: DeepReadonly<PersistentVolume>): string {
  const ref = volume.spec?.claimRef
  return ref === undefined ? '' : `${ref.namespace ?? ''}/${ref.name ?? ''}`
}
