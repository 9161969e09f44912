import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ProviderConfig } from '../addresses/provider-config.ts'
import { agonesAdmission } from '../families/agones/admission.ts'
import { chooseCloudProduct } from '../families/agones/cloud-product/choose.ts'
import type { CloudProductSettings } from '../families/agones/cloud-product/settings.ts'
import type { AgonesConfig } from '../families/agones/context.ts'
import { defaultGates, type FeatureGates } from '../families/agones/feature-gates.ts'
import { okgAdmission, OkgReviewer } from '../families/okg/admission.ts'
import { Cache } from '../kube/cache.ts'
import type { Client } from '../kube/client.ts'
import type { Logger } from '../kube/logger.ts'
import { type EmbeddedCluster, startCluster } from '../local/cluster.ts'
import { hostPlan } from '../local/host-plan.ts'
import type { Isolation } from '../local/node/runtime/runtime.ts'
import { agonesConfig, agonesVersion, defaultPorts } from './agones-config.ts'
import { residentSidecar, residentSidecarImage, serveAgones, type SharedBySidecars } from './agones.ts'
import { startControllers } from './controllers.ts'
import { installDefinitions } from './definitions.ts'
import { embeddedNetwork } from './embedded-network.ts'
import { createLogger } from './logger.ts'
import { claimSlot } from './slot.ts'

export interface EmbeddedOptions {
  /** Kept and used again; a temporary folder that goes with the cluster when absent. */
  readonly dataDir?: string
  readonly port: number
  readonly nodes: number
  readonly simulate: boolean
  /** Beside the images that come with Berth; later folders win. */
  readonly imageFolders: readonly string[]
  readonly isolation?: Isolation
  /** Ids of the load balancers that exist, by cloud; a cloud without an entry has every plausible one. */
  readonly loadBalancers?: Readonly<Record<string, readonly string[]>>
  /** Port ranges of the networks. Default: those OpenKruiseGame ships with. */
  readonly network?: ProviderConfig
  /** Whether the API of Agones is served as well. Default false. */
  readonly agones?: boolean
  /** The platform that Agones' servers are to find below them. Default: a plain one, with the gates at their defaults. */
  readonly cloudProduct?: { readonly settings: CloudProductSettings; readonly gates: FeatureGates }
  /** Whether Berth's controllers run in this process; without them the cluster is a plain Kubernetes. Default true. */
  readonly controllers?: boolean
  /** Warnings and errors in a sentence, for a terminal. */
  readonly onTrouble?: (message: string) => void
}

/** An embedded cluster, usually with Berth at work on it. */
export interface EmbeddedBerth extends AsyncDisposable {
  readonly cluster: EmbeddedCluster
  /** Where the log is. */
  readonly logFile: string
  /** Sentences for people about what this host allows. */
  readonly notes: readonly string[]
}

/** The images that come with Berth. */
export const ownImages = resolve(import.meta.dirname, '../../examples/images')

/** Starts cluster and controllers in this process; resolves when both are ready for users. */
export async function startEmbedded(options: EmbeddedOptions, signal: AbortSignal): Promise<EmbeddedBerth> {
  await using parts = new AsyncDisposableStack()
  const { dataDir } = options
  const stateDir = dataDir === undefined ? await mkdtemp(join(tmpdir(), 'berth-')) : resolve(dataDir)
  if (dataDir === undefined) parts.defer(() => rm(stateDir, { recursive: true, force: true }))

  const slotFile = join(stateDir, 'slot')
  const slot = parts.use(await claimSlot(dataDir === undefined ? undefined : await readSlot(slotFile)))
  const logFile = join(stateDir, 'berth.log')
  const { onTrouble } = options
  const logger: Logger = createLogger({ file: logFile, ...(onTrouble === undefined ? {} : { onTrouble }) })

  const sidecars = Promise.withResolvers<SharedBySidecars>()
  const cluster = parts.use(
    await startCluster({
      plan: hostPlan(slot.number),
      stateDir,
      persistent: dataDir !== undefined,
      port: options.port,
      nodes: options.nodes,
      simulate: options.simulate,
      residents: new Map([[residentSidecarImage, residentSidecar(sidecars.promise)]]),
      imageFolders: [ownImages, ...options.imageFolders.map(folder => resolve(folder))],
      logger,
      ...(options.loadBalancers === undefined ? {} : { cloud: { loadBalancers: options.loadBalancers } }),
      ...(options.isolation === undefined ? {} : { isolation: options.isolation }),
    }),
  )
  if (dataDir !== undefined) await writeFile(slotFile, `${slot.number}\n`)

  const network = embeddedNetwork(options.network)
  const isAtWork = options.controllers !== false
  if (isAtWork || options.agones === true) {
    const client = cluster.client('berth')
    const agones = options.agones === true ? await agonesOf(options, { client, logger }, signal) : undefined
    await installDefinitions(client, signal, { agones: agones !== undefined })
    const cache = parts.use(new Cache({ client, logger }))
    if (isAtWork) {
      const wanted = { client, cache, logger, network: network.config, ...(agones && { agones }) }
      const controllers = parts.use(await startControllers(wanted, signal))
      cluster.apiServer.registerAdmission(okgAdmission(new OkgReviewer({ addresses: controllers.addresses, client })))
    }
    if (agones !== undefined) {
      sidecars.resolve(parts.use(serveAgones(cluster, cache, logger)))
      cluster.apiServer.registerAdmission(agonesAdmission(agonesVersion, agones.cloudProduct))
    }
  }
  const running = parts.move()
  return {
    cluster,
    logFile,
    notes: [...cluster.notes, ...network.notes],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function agonesOf(
  { cloudProduct: { settings, gates } = { settings: { name: 'generic' }, gates: defaultGates } }: EmbeddedOptions,
  cluster: { readonly client: Client; readonly logger: Logger },
  signal: AbortSignal,
): Promise<AgonesConfig> {
  const cloudProduct = await chooseCloudProduct(settings, { gates, range: defaultPorts }, cluster, signal)
  return agonesConfig({ sidecar: { image: residentSidecarImage }, cloudProduct, gates, ports: defaultPorts })
}

async function readSlot(file: string): Promise<number | undefined> {
  try {
    const number = Number.parseInt(await readFile(file, 'utf8'), 10)
    return Number.isNaN(number) ? undefined : number
  } catch {
    return undefined
  }
}
