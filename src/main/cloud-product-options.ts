import { type Command, InvalidArgumentError, Option } from 'commander'
import { usageError } from '../cli/exit-code.ts'
import { cloudProducts, type CloudProductSettings } from '../families/agones/cloud-product/settings.ts'
import { type FeatureGates, featureGates } from '../families/agones/feature-gates.ts'
import { isLabelValue, isQualifiedName } from '../schema/label-syntax.ts'

/** What {@link addCloudProductOptions} adds to a command. */
export interface CloudProductOptions {
  readonly agonesCloudProduct: CloudProductSettings['name']
  readonly agonesHostPortsAnnotation?: string
  readonly agonesPassthroughLabel?: NonNullable<CloudProductSettings['passthroughLabel']>
  readonly agonesFeatureGates: FeatureGates
}

/** What is the same for every command that has to do with Agones. */
export function addCloudProductOptions<C extends Command>(command: C, byDefault: CloudProductSettings['name'] = 'auto'): C {
  return command
    .addOption(
      new Option('--agones-cloud-product <name>', 'with --agones: the platform below; auto recognizes GKE Autopilot')
        .choices(['auto', ...cloudProducts])
        .default(byDefault),
    )
    .option(
      '--agones-host-ports-annotation <name>',
      'with --agones-cloud-product platform: annotation of pods by which the platform is asked for host ports and tells them',
      qualifiedName,
    )
    .option(
      '--agones-passthrough-label <key=value>',
      'with --agones-cloud-product platform: label of pods with passthrough ports (default: agones.dev/port=autopilot-passthrough)',
      label,
    )
    .addOption(
      new Option('--agones-feature-gates <gates>', 'with --agones: gates of Agones, such as AutopilotPassthroughPort=false&PortRanges=true')
        .argParser(gates)
        .default(featureGates(''), 'those of Agones'),
    )
}

/** @throws CliError for options that do not go together */
export function cloudProductSettings({
  agonesCloudProduct: name,
  agonesHostPortsAnnotation,
  agonesPassthroughLabel,
}: CloudProductOptions): CloudProductSettings {
  const said = [agonesHostPortsAnnotation, agonesPassthroughLabel].some(one => one !== undefined)
  if (name !== 'platform' && said)
    throw usageError('--agones-host-ports-annotation and --agones-passthrough-label need --agones-cloud-product platform')
  if (name === 'platform' && agonesHostPortsAnnotation === undefined)
    throw usageError('--agones-cloud-product platform needs --agones-host-ports-annotation')
  return {
    name,
    ...(agonesHostPortsAnnotation !== undefined && { hostPortsAnnotation: agonesHostPortsAnnotation }),
    ...(agonesPassthroughLabel !== undefined && { passthroughLabel: agonesPassthroughLabel }),
  }
}

function qualifiedName(value: string): string {
  if (!isQualifiedName(value)) throw new InvalidArgumentError('It must be the name of an annotation, such as example.com/host-ports.')
  return value
}

function label(text: string): NonNullable<CloudProductSettings['passthroughLabel']> {
  const [key = '', value = '', ...more] = text.split('=')
  if (more.length > 0 || value === '' || !isQualifiedName(key) || !isLabelValue(value))
    throw new InvalidArgumentError('It must be a label, such as example.com/port=passthrough.')
  return { key, value }
}

function gates(text: string): FeatureGates {
  try {
    return featureGates(text)
  } catch (error) {
    throw error instanceof RangeError ? new InvalidArgumentError(error.message) : error
  }
}
