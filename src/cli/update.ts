import type { Command } from 'commander'
import { gameServerSets } from '../apis/game.kruise.io/game-server-set.ts'
import { type ContainerOverride, gameServers } from '../apis/game.kruise.io/game-server.ts'
import { labels } from '../apis/game.kruise.io/labels.ts'
import type { Pod } from '../apis/core/types.generated.ts'
import { changedOf } from '../families/agones/game-server/changed.ts'
import { inPlaceStateOf } from '../families/okg/game-server-set/in-place-state.ts'
import { isConflict, isNotFound } from '../kube/api-error.ts'
import type { DeepReadonly } from '../kube/object.ts'
import { isRestarted } from '../servers/restart.ts'
import { clusterCommand, collect, timeSpan, withConnection } from './command.ts'
import type { Connection, ConnectionOptions } from './connection.ts'
import { type CliContext, note, print } from './context.ts'
import { directImages, isOfAgones, notServing } from './directed-image.ts'
import { CliError, exitCode, usageError } from './exit-code.ts'
import { podTrouble } from './rollout/pod-trouble.ts'
import { podOfServer } from './server-pod.ts'
import { waitUntil } from './wait-until.ts'

interface UpdateOptions extends ConnectionOptions {
  readonly image?: readonly string[]
  readonly reset?: readonly string[]
  readonly wait?: boolean
  readonly timeout: number
}

/** Container names and the images they shall run. */
type Images = ReadonlyMap<string, string>

export function addUpdateCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'update <server>',
    summary: 'Change the image of one server only (directed update)',
    examples: [
      'berth update minecraft-1 --image game=minecraft:1.13.0 --wait',
      'berth update minecraft-1 --image minecraft:1.13.0        # when the server has one container',
      'berth update rooms-x7k2p-q9d4s --image game=game:2       # a server of Agones; one that is played waits until it is free',
      'berth update rooms-x7k2p-q9d4s --reset game              # the image of its template again (Agones only)',
    ],
  })
    .option('--image <container=image>', 'container and its new image; may be repeated', collect)
    .option('--reset <container>', 'take the image of the template again, where servers are of Agones; may be repeated', collect)
    .option('-w, --wait', 'wait until the server runs it and is ready')
    .option('--timeout <span>', 'how long to wait; 0 for ever', timeSpan, 300_000)
    .action((server: string, options: UpdateOptions) =>
      withConnection(context, options, async connection => {
        const pod = await podOfServer(context, connection, server)
        const { image: asked = [], reset = [] } = options
        if (asked.length + reset.length === 0) throw usageError('say which image: --image CONTAINER=IMAGE')
        const given = parseImages(pod, asked)
        const images = isOfAgones(pod)
          ? await directImages(context, connection, pod.metadata.name, new Map([...given, ...resetImages(pod, reset)]))
          : await overrideAll(context, connection, pod.metadata.name, given, reset)
        for (const [container, image] of images) print(context, `${pod.metadata.name}: ${container} shall run ${image}`)
        if (options.wait !== true) return
        await untilRunning(context, connection, pod.metadata.name, images, options.timeout)
        print(context, `${pod.metadata.name} runs it and is ready`)
      }),
    )
}

/** Reads `container=image`; the container may be left out when there is only one. */
export function parseImages(pod: DeepReadonly<Pod>, texts: readonly string[]): Images {
  const containers = pod.spec?.containers.map(({ name }) => name) ?? []
  const images = new Map<string, string>()
  for (const text of texts) {
    const equals = text.indexOf('=')
    const [only = ''] = containers
    const container = equals < 0 ? only : text.slice(0, equals)
    const image = text.slice(equals + 1)
    if (image === '') throw usageError(`--image ${text}: which image? Write CONTAINER=IMAGE`)
    if (equals < 0 && containers.length !== 1)
      throw usageError(`--image ${text}: which container? Write CONTAINER=IMAGE; there are: ${containers.join(', ')}`)
    requireContainer(pod, container)
    images.set(container, image)
  }
  return images
}

function requireContainer({ metadata, spec }: DeepReadonly<Pod>, container: string): void {
  const containers = spec?.containers.map(({ name }) => name) ?? []
  if (containers.includes(container)) return
  throw new CliError(exitCode.notFound, `server ${metadata.name} has no container "${container}"; it has: ${containers.join(', ')}`)
}

function resetImages(pod: DeepReadonly<Pod>, containers: readonly string[]): ReadonlyMap<string, null> {
  for (const container of containers) requireContainer(pod, container)
  return new Map(containers.map(container => [container, null]))
}

/** The overrides with the new images in them; others stay as they are. */
export function withImages(overrides: readonly DeepReadonly<ContainerOverride>[], images: Images): DeepReadonly<ContainerOverride>[] {
  const known = overrides.map(override => {
    const image = images.get(override.name)
    return image === undefined ? override : { ...override, image }
  })
  const added = [...images]
    .filter(([name]) => !overrides.some(override => override.name === name))
    .map(([name, image]) => ({ name, image }))
  return [...known, ...added]
}

async function overrideAll(
  context: CliContext,
  connection: Connection,
  name: string,
  images: Images,
  reset: readonly string[],
): Promise<Images> {
  if (reset.length > 0) throw usageError('--reset: an override of OpenKruiseGame has no way back; name the image with --image')
  await override(context, connection, name, images)
  return images
}

async function override(context: CliContext, connection: Connection, name: string, images: Images): Promise<void> {
  const { client, namespace } = connection
  const { signal } = context
  for (;;) {
    const server = await client.get(gameServers, { namespace, name }, { signal })
    const containers = withImages(server.spec?.containers ?? [], images)
    try {
      // The list is replaced as a whole, so it must be the one that was read.
      const patch = { metadata: { resourceVersion: server.metadata.resourceVersion }, spec: { containers } }
      await client.patch(gameServers, { namespace, name }, patch, { type: 'merge', signal })
      await warnIfShortLived(context, connection, server.metadata.labels?.[labels.ownerSet])
      return
    } catch (error) {
      if (!isConflict(error)) throw error
    }
  }
}

/** An override lives in the GameServer, which goes with its pod unless the set keeps it. */
async function warnIfShortLived(context: CliContext, { client, namespace }: Connection, set: string | undefined): Promise<void> {
  if (set === undefined) return
  try {
    const { spec } = await client.get(gameServerSets, { namespace, name: set }, { signal: context.signal })
    if (spec.gameServerTemplate.reclaimPolicy === 'Delete') return
    note(context, `Note: when the pod is created anew, this is forgotten (reclaimPolicy of ${set} is not Delete).`)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

async function untilRunning(context: CliContext, connection: Connection, name: string, images: Images, timeoutMs: number): Promise<void> {
  let why = ''
  await waitUntil(context, { timeoutMs, everyMs: 300, describe: () => `${name} does not run it yet: ${why}` }, async () => {
    const pod = await podOfServer(context, connection, name)
    why = notRunning(pod, images) ?? (isOfAgones(pod) ? await notServing(context, connection, name) : undefined) ?? ''
    return why === '' ? true : undefined
  })
}

/** Why the server does not run the images yet; `undefined` when it does and is ready. */
export function notRunning(pod: DeepReadonly<Pod>, images: Images): string | undefined {
  for (const [container, image] of images) {
    if (pod.spec?.containers.find(({ name }) => name === container)?.image !== image)
      return `the controller has not changed ${container} yet`
    const status = pod.status?.containerStatuses?.find(({ name }) => name === container)
    if (status?.image === undefined || !(isSameImage(status.image, image) || isRestartedSince(pod, container)))
      return podTrouble(pod) ?? `${container} still runs ${status?.image ?? 'nothing'}`
    if (status.state?.running === undefined) return podTrouble(pod) ?? `${container} is not running`
  }
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  return isReady ? undefined : (podTrouble(pod) ?? 'it is not ready')
}

/** Runtimes report any of the names that an image has; what ran before the change is in the record that the controller has put on the pod. */
function isRestartedSince(pod: DeepReadonly<Pod>, container: string): boolean {
  const before = (changedOf(pod)?.before ?? inPlaceStateOf(pod)?.lastContainerStatuses)?.[container]
  return before !== undefined && isRestarted(pod, { [container]: before })
}

/** Runtimes complete names: `game:1` is reported as `docker.io/library/game:1`, and no tag as `latest`. */
function isSameImage(reported: string, wanted: string): boolean {
  const tagged = (image: string): string => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`)
  return tagged(reported) === tagged(wanted) || tagged(reported).endsWith(`/${tagged(wanted)}`)
}
