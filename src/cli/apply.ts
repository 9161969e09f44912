import { Option, type Command } from 'commander'
import { ApiError, isConflict, isNotFound } from '../kube/api-error.ts'
import type { DeepReadonly, KubeObject } from '../kube/object.ts'
import { clusterCommand, collect, withConnection } from './command.ts'
import { cliFieldManager, type Connection, type ConnectionOptions } from './connection.ts'
import { type CliContext, print } from './context.ts'
import { objectName, type ServedKind } from './discovery.ts'
import { CliError, exitCode, explainFailure, usageError } from './exit-code.ts'
import { type Manifest, type ManifestObject, readManifests } from './manifest.ts'
import { formatObject, outputOption } from './output.ts'
import { waitUntil } from './wait-until.ts'

interface ApplyOptions extends ConnectionOptions {
  readonly filename: readonly string[]
  readonly recursive?: boolean
  readonly dryRun?: 'server' | 'none'
  readonly forceConflicts?: boolean
  readonly fieldManager: string
  readonly output?: 'json' | 'yaml' | 'name'
}

/** How long a kind may take to be served after its definition was applied. */
const newKindMs = 15_000

export function addApplyCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'apply',
    summary: 'Create or change objects as files describe them (server-side apply)',
    examples: [
      'berth apply -f game.yaml                 # from a file',
      'berth apply -f manifests/ -R             # from all YAML and JSON files of a folder',
      'cat game.yaml | berth apply -f -         # from standard input',
      'berth apply -f game.yaml --dry-run=server -o yaml   # what would come of it',
    ],
  })
    .requiredOption('-f, --filename <file>', 'file, folder, or - for standard input; may be repeated', collect)
    .option('-R, --recursive', 'also the folders below')
    .addOption(new Option('--dry-run <mode>', 'let the server check without storing').choices(['server', 'none']))
    .option('--force-conflicts', 'take over fields that others manage')
    .option('--field-manager <name>', 'name under which the fields are managed', 'berth')
    .addOption(outputOption(['json', 'yaml', 'name']))
    .action((options: ApplyOptions) => withConnection(context, options, connection => apply(context, connection, options)))
}

async function apply(context: CliContext, connection: Connection, options: ApplyOptions): Promise<void> {
  const manifests = inOrder(await readManifests(context, options.filename, options.recursive))
  if (manifests.length === 0) throw usageError('there is nothing to apply: the files have no objects')
  for (const manifest of manifests) placeInNamespace(connection, manifest)
  let failures = 0
  const applied: unknown[] = []
  let newKinds = false
  for (const manifest of manifests) {
    try {
      const kind = await kindOf(context, connection, manifest, newKinds)
      const { object, what } = await applyOne(context, connection, kind, manifest, options)
      newKinds ||= manifest.object.kind === 'CustomResourceDefinition'
      const name = objectName(kind, object.metadata.name)
      if (options.output === 'json' || options.output === 'yaml') applied.push(object)
      else print(context, options.output === 'name' ? name : `${name} ${what}${options.dryRun === 'server' ? ' (server dry run)' : ''}`)
    } catch (error) {
      if (
        manifests.length === 1 ||
        !(error instanceof ApiError || error instanceof CliError) ||
        (error instanceof ApiError && error.code === 0)
      )
        throw error
      // The other objects still get their chance, as with kubectl.
      failures += 1
      context.stderr.write(`berth: ${manifest.source}: ${error.message}\n`)
      context.exitCode = explainFailure(error).code
    }
  }
  if (options.output === 'json' || options.output === 'yaml') {
    const [only] = applied
    context.stdout.write(formatObject(applied.length === 1 ? only : { apiVersion: 'v1', kind: 'List', items: applied }, options.output))
  }
  if (failures > 0) context.stderr.write(`berth: ${failures} of ${manifests.length} objects were not applied\n`)
}

/** Content that does not fit the kind's schema: Kubernetes answers an apply with that as if it had failed itself, with 500 and no reason. */
function isMisfit(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 500 && error.message.startsWith('failed to create typed patch object')
}

async function applyOne(
  { signal }: CliContext,
  { client }: Connection,
  { type }: ServedKind,
  { object }: Manifest,
  { forceConflicts = false, fieldManager, dryRun: mode }: ApplyOptions,
): Promise<{ object: DeepReadonly<KubeObject>; what: 'created' | 'configured' | 'unchanged' }> {
  const dryRun = mode === 'server'
  const { name, namespace } = object.metadata
  if (name === undefined) {
    throw usageError(`the ${object.kind} has metadata.generateName, which apply cannot find again; give it a metadata.name`)
  }
  const ref = { name, ...(type.namespaced && namespace !== undefined ? { namespace } : {}) }
  const before = await client.get(type, ref, { signal }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  })
  const patch = (force: boolean): Promise<DeepReadonly<KubeObject>> =>
    client.patch(type, ref, object, { type: 'apply', force, fieldManager, fieldValidation: 'Strict', dryRun, signal })
  let after: DeepReadonly<KubeObject>
  try {
    after = await patch(forceConflicts)
  } catch (error) {
    if (isMisfit(error)) throw new CliError(exitCode.refused, error.message, { cause: error })
    if (!isConflict(error)) throw error
    if (!isOwnConflict(error)) {
      throw new CliError(exitCode.refused, `${error.message.trim()}; with --force-conflicts these fields are taken over`, { cause: error })
    }
    after = await patch(true)
  }
  const isSame = before !== undefined && before.metadata.resourceVersion === after.metadata.resourceVersion && !dryRun
  return { object: after, what: before === undefined ? 'created' : isSame ? 'unchanged' : 'configured' }
}

/** Whether all fields in dispute were last written by this command line itself (`berth scale`): then the file is the newer word. */
function isOwnConflict({ status }: ApiError): boolean {
  const causes = status.details?.causes ?? []
  return causes.length > 0 && causes.every(({ message = '' }) => message.startsWith(`conflict with "${cliFieldManager}"`))
}

/** What others stand on comes first: namespaces, then definitions of kinds; otherwise the order of the files. */
function inOrder(manifests: readonly Manifest[]): Manifest[] {
  const rank = ({ object }: Manifest): number => (object.kind === 'Namespace' ? 0 : object.kind === 'CustomResourceDefinition' ? 1 : 2)
  return manifests.toSorted((one, other) => rank(one) - rank(other))
}

/** Where the object belongs, when it does not say so. */
export function placeInNamespace(
  { namespace, namespaceGiven }: Connection,
  { object, source }: { object: ManifestObject; source: string },
): void {
  const own = object.metadata.namespace
  if (own === undefined) object.metadata.namespace = namespace
  else if (namespaceGiven && own !== namespace) {
    throw usageError(`${source}: the ${object.kind} is in namespace "${own}", but -n names "${namespace}"`)
  }
}

async function kindOf(
  context: CliContext,
  { discovery }: Connection,
  { object, source }: Manifest,
  isPatient: boolean,
): Promise<ServedKind> {
  const describe = (): string =>
    `${source}: the server does not serve ${object.kind} in ${object.apiVersion}; is its CustomResourceDefinition applied?`
  const look = async (): Promise<ServedKind | undefined> => {
    const found = await discovery.of(object.apiVersion, object.kind)
    if (found === undefined) discovery.forget()
    else if (!found.type.namespaced) delete object.metadata.namespace
    return found
  }
  const found = await look()
  if (found !== undefined) return found
  if (!isPatient) throw new CliError(exitCode.notFound, describe())
  return waitUntil(context, { timeoutMs: newKindMs, everyMs: 200, describe }, look)
}
