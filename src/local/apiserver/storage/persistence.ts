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

/**
 * One SQLite file in WAL mode. Each write is a transaction of its own and is in the operating system's hands when the call returns,
 * so it survives the process being killed at any moment. A crash of the machine may lose the last writes, never the file.
 */
export function openSqlite(file: string): Persistence {
  const database = new DatabaseSync(file)
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 4000;
    CREATE TABLE IF NOT EXISTS objects (
      collection TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, json TEXT NOT NULL,
      PRIMARY KEY (collection, namespace, name)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  `)
  const upsert = database.prepare('INSERT OR REPLACE INTO objects (collection, namespace, name, revision, json) VALUES (?, ?, ?, ?, ?)')
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
      database.close()
    },
  }
}
