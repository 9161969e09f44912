import { type Browser, chromium } from 'playwright-core'
import { programs } from './needs.ts'

/** A real Chromium without a window. */
export function openBrowser(): Promise<Browser> {
  const { chromium: executablePath } = programs
  if (executablePath === undefined) throw new Error('this machine has no Chromium')
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
}
