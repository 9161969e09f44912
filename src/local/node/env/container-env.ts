import type { DeepReadonly } from '../../../kube/object.ts'
import type { ConfigMap, EnvFromSource, EnvVarSource, Secret } from '../../../apis/core/types.generated.ts'
import type { ContainerDefinition, PodObject } from '../pods/container-state.ts'
import { NodeError } from '../node-error.ts'
import { expand } from './expansion.ts'
import { fieldValue, type PodPlace } from './field-ref.ts'
import { resourceValue, type NodeCapacity } from './resource-field.ts'

/** Finds the ConfigMaps and Secrets of a namespace; undefined when they do not exist. */
export interface ConfigSource {
  configMap(namespace: string, name: string): Promise<DeepReadonly<ConfigMap> | undefined>
  secret(namespace: string, name: string): Promise<DeepReadonly<Secret> | undefined>
}

export interface EnvContext {
  readonly pod: PodObject
  readonly place: PodPlace
  readonly capacity: NodeCapacity
  readonly config: ConfigSource
  /** Variables that every container has, such as KUBERNETES_SERVICE_HOST. The manifest's own win. */
  readonly base: Readonly<Record<string, string>>
}

/**
 * The environment of a container: envFrom, then env in order, each `$(NAME)` seeing what stands before it.
 * @throws NodeError CONFIG_REFERENCE when a ConfigMap, Secret or key is missing and not optional: the pod then waits in
 * CreateContainerConfigError with that message.
 */
export async function containerEnv(definition: ContainerDefinition, context: EnvContext): Promise<Record<string, string>> {
  const env: Record<string, string> = { ...context.base }
  for (const source of definition.envFrom ?? []) Object.assign(env, await envFrom(source, context))
  for (const variable of definition.env ?? []) {
    if (variable.valueFrom === undefined) {
      env[variable.name] = expand(variable.value ?? '', env)
      continue
    }
    const value = await valueFrom(variable.valueFrom, definition, context)
    if (value !== undefined) env[variable.name] = value
  }
  return env
}

async function envFrom(source: DeepReadonly<EnvFromSource>, context: EnvContext): Promise<Record<string, string>> {
  const prefix = source.prefix ?? ''
  const env: Record<string, string> = {}
  const namespace = context.pod.metadata.namespace ?? 'default'
  if (source.configMapRef !== undefined) {
    const { name = '', optional } = source.configMapRef
    const found = await context.config.configMap(namespace, name)
    if (found === undefined && optional !== true) throw new NodeError('CONFIG_REFERENCE', `configmap "${name}" not found`)
    for (const [key, value] of Object.entries(found?.data ?? {})) env[prefix + key] = value
  }
  if (source.secretRef !== undefined) {
    const { name = '', optional } = source.secretRef
    const found = await context.config.secret(namespace, name)
    if (found === undefined && optional !== true) throw new NodeError('CONFIG_REFERENCE', `secret "${name}" not found`)
    for (const [key, value] of Object.entries(found?.data ?? {})) env[prefix + key] = decode(value)
  }
  return env
}

async function valueFrom(
  source: DeepReadonly<EnvVarSource>,
  definition: ContainerDefinition,
  context: EnvContext,
): Promise<string | undefined> {
  const { pod } = context
  const namespace = pod.metadata.namespace ?? 'default'
  if (source.fieldRef !== undefined) return fieldValue(pod, source.fieldRef.fieldPath, context.place)
  if (source.resourceFieldRef !== undefined) return resourceValue(pod, definition, source.resourceFieldRef, context.capacity)
  if (source.configMapKeyRef !== undefined) {
    const { name = '', key, optional } = source.configMapKeyRef
    const found = await context.config.configMap(namespace, name)
    if (found === undefined && optional !== true) throw new NodeError('CONFIG_REFERENCE', `configmap "${name}" not found`)
    const value = found?.data?.[key]
    if (value === undefined && optional !== true)
      throw new NodeError('CONFIG_REFERENCE', `couldn't find key ${key} in ConfigMap ${namespace}/${name}`)
    return value
  }
  if (source.secretKeyRef !== undefined) {
    const { name = '', key, optional } = source.secretKeyRef
    const found = await context.config.secret(namespace, name)
    if (found === undefined && optional !== true) throw new NodeError('CONFIG_REFERENCE', `secret "${name}" not found`)
    const value = found?.data?.[key]
    if (value === undefined && optional !== true)
      throw new NodeError('CONFIG_REFERENCE', `couldn't find key ${key} in Secret ${namespace}/${name}`)
    return value === undefined ? undefined : decode(value)
  }
  throw new NodeError('CONFIG_REFERENCE', `unsupported source of an environment variable: ${Object.keys(source).join(', ')}`)
}

const decode = (base64: string) => Buffer.from(base64, 'base64').toString('utf8')
