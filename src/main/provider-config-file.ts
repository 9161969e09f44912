import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseProviderConfig, type ProviderConfig } from '../addresses/provider-config.ts'
import { CliError, exitCode } from '../cli/exit-code.ts'

/** Reads OpenKruiseGame's `config.toml`; problems end the command with one sentence. No file: undefined, the default ranges. */
export async function readProviderConfig(cwd: string, file: string | undefined): Promise<ProviderConfig | undefined> {
  if (file === undefined) return undefined
  try {
    return parseProviderConfig(await readFile(resolve(cwd, file), 'utf8'))
  } catch (error) {
    throw new CliError(exitCode.usage, `--provider-config ${file}: ${firstLine(error)}`, {
      cause: error,
    })
  }
}

/** The parser draws the place below its sentence; on one line it would only confuse. */
function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}
