import type { ResidentProgram } from '../runtime/resident-container.ts'
import type { ImageCatalogue, ResolvedImage } from '../runtime/runtime.ts'
import { formatReference, parseReference } from './image-reference.ts'

/** Images that are programs of this process, by repository and with every tag; all others are looked up elsewhere. */
export class ResidentCatalogue implements ImageCatalogue {
  readonly #programs: ReadonlyMap<string, ResidentProgram>
  readonly #others: ImageCatalogue

  constructor(programs: ReadonlyMap<string, ResidentProgram>, others: ImageCatalogue) {
    this.#programs = programs
    this.#others = others
  }

  resolve(reference: string): Promise<ResolvedImage | undefined> {
    const parsed = parseReference(reference)
    const resident = this.#programs.get(parsed.repository)
    if (resident === undefined) return this.#others.resolve(reference)
    const full = formatReference(parsed)
    return Promise.resolve({ reference: full, id: `resident:${full}`, entrypoint: [], command: [], env: {}, resident })
  }

  hint(reference: string): string {
    return this.#others.hint(reference)
  }
}
