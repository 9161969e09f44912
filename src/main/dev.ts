import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { applyManifests } from '../cli/apply.ts'
import { collect, wholeNumber } from '../cli/command.ts'
import { type CliContext, print } from '../cli/context.ts'
import { startEmbedded } from './embedded.ts'
import { writeKubeconfig } from './kubeconfig-file.ts'
import { aborted } from './lifetime.ts'

interface DevOptions {
  filename?: readonly string[]
  kubeconfig: string
  dataDir?: string
  nodes: number
  simulate?: boolean
  port: number
  images?: readonly string[]
}
