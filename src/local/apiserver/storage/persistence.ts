import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Draft } from '../registry.ts'
import { jsonText, type StoredObject } from './stored-object.ts'

/** Keeps what was written beyond the life of the process. */
export interface Persistence extends Disposable {
  load(): { revision: number; objects: { collection: string; object: Draft }[] }
  put(collection: string, object: StoredObject, revision: number): void
  remove(collection: string, namespace: string, name: string, revision: number): void
  /** Small facts beside the objects, such as signing keys. */
  getSetting(key: string): string | undefined
  setSetting(key: string, value: string): void
}

/** The folder with the objects cannot be used as it is. The message says what to do; nothing was changed. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError'
  readonly code: 'InUse' | 'Damaged'

  constructor(code: 'InUse' | 'Damaged', message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * One SQLite file in WAL mode, for one process at a time. Each write is a transaction of its own and is in the operating system's hands when the
 * call returns, so it survives the process being killed at any moment. A crash of the machine may lose the last writes, never the file.
 * Throws {@link DataFolderError} when another process has it open, or when a part of it is missing: beginning anew would lose everything silently.
 */
export function openSqlite(file: string): Persistence {
  const log = `${file}-wal`
  const hasLog = sizeOf(log) > 0
  if (hasLog && sizeOf(file) === 0) {
    throw new DataFolderError(
      'Damaged',
      `${file} is missing while its log ${log} is there: put it back, or remove the folder to begin anew`,
    )
  }
  const database = new DatabaseSync(file)
  try {
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 4000;
      BEGIN EXCLUSIVE;
      CREATE TABLE IF NOT EXISTS objects (
        collection TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, json TEXT NOT NULL,
        PRIMARY KEY (collection, namespace, name)
      );
      CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      COMMIT;
    `)
    const wasOpen = database.prepare("SELECT value FROM settings WHERE key = 'open'").get()?.['value'] === 'true'
    if (wasOpen && !hasLog) {
      throw new DataFolderError(
        'Damaged',
        `${file} was in use when its process ended, and its log ${log} is missing or empty: put it back, or remove the folder to begin anew`,
      )
    }
    // In the file itself, not in the log: it is how a log that got lost is noticed.
    database.exec("INSERT OR REPLACE INTO settings (key, value) VALUES ('open', 'true'); PRAGMA wal_checkpoint(FULL)")
  } catch (error) {
    database.close()
    throw error instanceof DataFolderError ? error : openingError(file, error)
  }
  reclaim(database)
  // Objects have rowids: without, SQLite gives each of more than a quarter of a page a page of its own.
  const upsert = database.prepare(`
    INSERT INTO objects (collection, namespace, name, revision, json) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET revision = excluded.revision, json = excluded.json`)
  const erase = database.prepare('DELETE FROM objects WHERE collection = ? AND namespace = ? AND name = ?')
  const set = database.prepare('INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)')
  const get = database.prepare('SELECT value FROM settings WHERE key = ?')
  const getSetting = (key: string): string | undefined => {
    const row = get.get(key)
    return typeof row?.['value'] === 'string' ? row['value'] : undefined
  }
  return {
    load() {
      const objects: { collection: string; object: Draft }[] = []
      let revision = Number(getSetting('revision') ?? 0)
      for (const row of database.prepare('SELECT collection, revision, json FROM objects').iterate()) {
        revision = Math.max(revision, Number(row['revision']))
        objects.push({ collection: String(row['collection']), object: JSON.parse(String(row['json'])) as Draft })
      }
      return { revision, objects }
    },
    put(collection, object, revision) {
      upsert.run(collection, object.metadata.namespace ?? '', object.metadata.name, revision, jsonText(object))
    },
    remove(collection, namespace, name, revision) {
      database.exec('BEGIN')
      erase.run(collection, namespace, name)
      set.run('revision', String(revision))
      database.exec('COMMIT')
    },
    getSetting,
    setSetting(key, value) {
      set.run(key, value)
    },
    [Symbol.dispose]() {
      set.run('open', 'false')
      database.close()
    },
  }
}

function openingError(file: string, cause: unknown): DataFolderError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return /locked|busy/i.test(message)
    ? new DataFolderError('InUse', `${file} is in use by another cluster`, { cause })
    : new DataFolderError('Damaged', `${file} cannot be read: ${message}`, { cause })
}

/** 0 for a file that is not there. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** Pages a file may have free without being rewritten when it is opened: 4 MB. */
const sparePages = 1024

/** Gives room back that deleted objects left, when most of a large file is empty. */
function reclaim(database: DatabaseSync): void {
  const count = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
  const free = count('freelist_count')
  if (free > sparePages && free > count('page_count') / 2) database.exec('VACUUM')
}
