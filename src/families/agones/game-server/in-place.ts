/**
 * A change of images in the pod of a GameServer: what there is to do, and whether it is done. Pure.
 *
 * The GameServer says which containers are to change (annotation `berth.dev/updating`), its template or a directed image says to what, and the pod
 * keeps what was asked of it and what ran before. Images that somebody else has changed, such as a webhook that puts a mirror's name there, are left
 * alone.
 */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { ImageChange } from '../../../servers/model.ts'
import { isRestarted, isStartKnown, lastStatusesOf } from '../../../servers/restart.ts'
import { type Changed, changedOf } from './changed.ts'
import { directedImages, wantedImage } from './directed.ts'
import { isInUse } from './life.ts'
import type { AgonesConfig } from '../context.ts'
import { metadataGap } from './metadata-in-place.ts'

/** Where an update in place stands; undefined: there is none. */
export interface Update {
  /** What was to change. */
  readonly containers: readonly string[]
  /** The game's own container is among those that change. */
  readonly isGame: boolean
  /** What the pod has not been asked for yet. */
  readonly missing: readonly ImageChange[]
  /** The pod may be asked: it is known what became of what it was asked before. */
  readonly mayAsk: boolean
  /** Everything was asked for, and runs. */
  readonly isDone: boolean
}

/** The annotation for these containers. */
export function updatingNote(containers: readonly string[]): string {
  return containers.join(',')
}

export function updateOf(server: DeepReadonly<GameServer>, pod: DeepReadonly<Pod> | undefined): Update | undefined {
  const note = server.metadata.annotations?.[annotations.updating]
  if (note === undefined) return undefined
  const names = note.split(',')
  const changed = pod && changedOf(pod)
  const missing = pod === undefined ? [] : differing(server, pod, names)
  const isDone = missing.length === 0 && (pod === undefined || changed === undefined || isRestarted(pod, changed.before))
  const mayAsk = missing.length > 0 && pod !== undefined && isStartKnown(pod, names)
  return { containers: names, isGame: names.includes(server.spec.container ?? ''), missing, mayAsk, isDone }
}

/** States in which images go to a pod. */
export const changing: readonly string[] = ['Scheduled', 'RequestReady', 'Ready', 'Reserved', 'Allocated']

/** What the pod is to be asked for now. Nothing that restarts a game which is played. */
export function imagesDue(server: DeepReadonly<GameServer>, pod: DeepReadonly<Pod> | undefined): readonly ImageChange[] {
  const update = updateOf(server, pod)
  if (update === undefined || !update.mayAsk || (update.isGame && isInUse(server))) return []
  return changing.includes(server.status?.state ?? '') ? update.missing : []
}

/**
 * The server with its directed images among what is to be changed, as far as nobody is disturbed: the game of a server that is in use keeps running, and
 * so does what runs beside it unless `sidecarsInUse`. Taken off, a directed image gives way to the template in the same manner.
 */
export function withDirected(server: GameServer, pod: DeepReadonly<Pod> | undefined, sidecarsInUse: boolean): GameServer {
  if (pod === undefined) return server
  const noted = server.metadata.annotations?.[annotations.updating]?.split(',') ?? []
  const names = new Set([...directedImages(server).map(({ name }) => name), ...(changedOf(pod)?.directed ?? [])])
  const mayChange = (name: string): boolean => !isInUse(server) || (sidecarsInUse && name !== server.spec.container)
  const added = differing(server, pod, [...names])
    .map(({ container }) => container)
    .filter(name => !noted.includes(name) && mayChange(name))
  if (added.length === 0) return server
  const note = { [annotations.updating]: updatingNote([...noted, ...added]) }
  return { ...server, metadata: { ...server.metadata, annotations: { ...server.metadata.annotations, ...note } } }
}

/** Of these containers those whose wanted image the pod was not asked for, and does not have as it was made. */
function differing(server: DeepReadonly<GameServer>, pod: DeepReadonly<Pod>, names: readonly string[]): ImageChange[] {
  const changed = changedOf(pod)
  return (pod.spec?.containers ?? []).flatMap(({ name, image: now }): ImageChange[] => {
    const image = wantedImage(server, name)
    return !names.includes(name) || image === '' || image === (changed?.images[name] ?? now) ? [] : [{ container: name, image }]
  })
}

export interface PodChange {
  /** A strategic merge patch of the pod: images, what ran before, labels and annotations. */
  readonly patch: object
  /** Of the event that tells of it. */
  readonly message: string
}

export function podChange(server: DeepReadonly<GameServer>, pod: DeepReadonly<Pod>, gates: AgonesConfig['gates']): PodChange {
  const images = imagesDue(server, pod)
  const gap = metadataGap(server, pod, gates)
  const record = images.length === 0 ? {} : { [annotations.changedInPlace]: JSON.stringify(recordOf(server, pod, images)) }
  const patch = {
    metadata: {
      // A namesake that took the pod's place must not get this.
      uid: pod.metadata.uid,
      labels: gap?.labels ?? {},
      annotations: { ...gap?.annotations, ...record },
    },
    ...(images.length > 0 && { spec: { containers: images.map(({ container, image }) => ({ name: container, image })) } }),
  }
  const told = images.map(({ container, image }) => `${container} runs ${image}`)
  return { patch, message: told.length === 0 ? 'the pod has the labels and annotations of the template' : told.join(', ') }
}

function recordOf(server: DeepReadonly<GameServer>, pod: DeepReadonly<Pod>, images: readonly ImageChange[]): Changed {
  const asked = { ...changedOf(pod)?.images, ...Object.fromEntries(images.map(({ container, image }) => [container, image])) }
  const directed = directedImages(server).flatMap(({ name, image }) => (asked[name] === image ? [name] : []))
  const before = lastStatusesOf(
    pod,
    images.map(({ container }) => container),
  )
  return { images: asked, before, ...(directed.length > 0 && { directed }) }
}
