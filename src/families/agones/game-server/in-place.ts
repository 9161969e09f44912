/**
 * A change of images in the pod of a GameServer: what there is to do, and whether it is done. Pure.
 *
 * The GameServer says which containers are to change (annotation `berth.dev/updating`), its template says to what, and the pod keeps what was
 * asked of it and what ran before. Images that somebody else has changed, such as a webhook that puts a mirror's name there, are left alone.
 */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { ImageChange } from '../../../servers/model.ts'
import { isRestarted, type LastStatuses, lastStatusesOf } from '../../../servers/restart.ts'

/** On the pod, as JSON. */
interface Changed {
  /** What was asked for, by container. */
  readonly images: Readonly<Record<string, string>>
  readonly before: LastStatuses
}

/** Where an update in place stands; undefined: there is none. */
export interface Update {
  /** The game's own container is among those that change. */
  readonly isGame: boolean
  /** What the pod has not been asked for yet. */
  readonly missing: readonly ImageChange[]
  /** Everything was asked for, and runs. */
  readonly isDone: boolean
}

/** The annotation for these containers. */
export function updatingNote(containers: readonly string[]): string {
  return containers.join(',')
}

export function updateOf({ metadata, spec }: DeepReadonly<GameServer>, pod: DeepReadonly<Pod> | undefined): Update | undefined {
  const note = metadata.annotations?.[annotations.updating]
  if (note === undefined) return undefined
  const names = note.split(',')
  const changed = pod && changedOf(pod)
  const missing = (pod?.spec?.containers ?? []).flatMap(({ name, image: now }): ImageChange[] => {
    const image = spec.template.spec?.containers.find(container => container.name === name)?.image ?? ''
    return !names.includes(name) || image === '' || image === (changed?.images[name] ?? now) ? [] : [{ container: name, image }]
  })
  const isDone = missing.length === 0 && (pod === undefined || changed === undefined || isRestarted(pod, changed.before))
  return { isGame: names.includes(spec.container ?? ''), missing, isDone }
}

/** A strategic merge patch of the pod: the images, what ran before, and the labels and annotations that the template has by now. */
export function podChange({ spec }: DeepReadonly<GameServer>, pod: DeepReadonly<Pod>, images: readonly ImageChange[]): object {
  const names = images.map(({ container }) => container)
  const asked = Object.fromEntries(images.map(({ container, image }) => [container, image]))
  const changed: Changed = { images: { ...changedOf(pod)?.images, ...asked }, before: lastStatusesOf(pod, names) }
  const { labels = {}, annotations: notes = {} } = spec.template.metadata ?? {}
  return {
    metadata: {
      // A namesake that took the pod's place must not get this.
      uid: pod.metadata.uid,
      labels: { ...(labels as Record<string, string>) },
      annotations: { ...(notes as Record<string, string>), [annotations.changedInPlace]: JSON.stringify(changed) },
    },
    spec: { containers: images.map(({ container, image }) => ({ name: container, image })) },
  }
}

function changedOf(pod: DeepReadonly<Pod>): Changed | undefined {
  const text = pod.metadata.annotations?.[annotations.changedInPlace]
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Changed
  } catch {
    return undefined
  }
}
