import type { Command } from 'commander'
import { clusterCommand, withConnection } from '../command.ts'
import type { ConnectionOptions } from '../connection.ts'
import { type CliContext, print } from '../context.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { formatObject, outputOption } from '../output.ts'
import { collectFacts } from './collect/facts.ts'
import { diagnose } from './diagnose.ts'
import type { Finding } from './finding.ts'
import { reportLines, summaryOf } from './report.ts'

interface DoctorOptions extends ConnectionOptions {
  readonly output?: 'json' | 'yaml' | 'wide'
}

/** `berth doctor`: reads only, but for reviews of rights and one dry run. */
export function addDoctorCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'doctor',
    summary: 'Check a cluster and say what to do',
    examples: [
      'berth doctor            # before and after an installation; ends with 1 when something is wrong',
      'berth doctor -o wide    # also why each check matters',
      'berth doctor -o json    # for machines',
    ],
  })
    .addHelpText(
      'after',
      '\nChecks the version, rights, CustomResourceDefinitions, Berth itself, webhooks and certificates, clocks, other programs that run\ngame servers, and who runs which set. Nothing is changed. Ends with 5 when nothing is wrong but some checks were not allowed.',
    )
    .addOption(outputOption(['json', 'yaml', 'wide']))
    .action(({ output, ...options }: DoctorOptions) =>
      withConnection(context, options, async ({ client, transport, namespace }) => {
        const ownVersion = parent.version() ?? ''
        const found = diagnose(await collectFacts({ client, transport, clock: context.clock, namespace, ownVersion }, context.signal))
        if (output === 'json' || output === 'yaml')
          context.stdout.write(formatObject({ findings: found, summary: summaryOf(found) }, output))
        else for (const line of reportLines(found, { reasons: output === 'wide' })) print(context, line)
        context.exitCode = exitCodeOf(found)
      }),
    )
}

function exitCodeOf(found: readonly Finding[]): ExitCode {
  if (found.some(({ verdict }) => verdict === 'problem')) return exitCode.failed
  return found.some(({ verdict }) => verdict === 'unknown') ? exitCode.forbidden : exitCode.ok
}
