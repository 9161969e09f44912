/** The part of the official client that is used in tests; it comes without types. */
declare module '@google-cloud/agones-sdk' {
  interface SeenServer {
    readonly objectMeta: { readonly name: string }
    readonly status: { readonly state: string; readonly portsList: readonly { readonly name: string; readonly port: number }[] }
  }
  export default class AgonesSDK {
    connect(): Promise<void>
    close(): void
    ready(): Promise<unknown>
    allocate(): Promise<unknown>
    shutdown(): Promise<unknown>
    reserve(seconds: number): Promise<unknown>
    health(): void
    getGameServer(): Promise<SeenServer>
    watchGameServer(seen: (server: SeenServer) => void, failed: (error: unknown) => void): unknown
    setLabel(key: string, value: string): Promise<unknown>
    setAnnotation(key: string, value: string): Promise<unknown>
  }
}
