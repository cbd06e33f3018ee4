/** drachtio-fsmrf comes without types. These are the members that we use, with what they really do. */
declare module 'drachtio-fsmrf' {
  import type { EventEmitter } from 'node:events'

  namespace Mrf {
    interface ConnectOptions {
      address: string
      port: number
      secret: string
      profile: string
      listenAddress: string
      listenPort: number
      advertisedAddress: string
      advertisedPort?: number
    }

    /** One connection to a FreeSWITCH, and the listener that its channels dial. */
    interface MediaServer extends EventEmitter {
      /** Resolves with the body of the reply; never settles when the connection goes. */
      api(command: string): Promise<string>
      /** `opts` is changed by the call. May never settle. */
      createEndpoint(opts: { remoteSdp: string }): Promise<Endpoint>
      disconnect(): void
      readonly maxSessions: number
      readonly currentSessions: number
      readonly conn: { connected(): boolean }
    }

    /** One channel of FreeSWITCH. Emits `destroy` when it hangs up or its control connection is lost. */
    interface Endpoint extends EventEmitter {
      readonly uuid: string
      readonly dialog: Dialog
      readonly connected: boolean
      /** The channel's control connection; null when it is lost. Emits `esl::event::<name>::<uuid>`. */
      readonly conn: { on(name: string, listener: (event: ChannelEvent) => void): void } | null
      /** Both never settle when the control connection goes. */
      api(command: string, args: string[]): Promise<{ getBody(): string | undefined }>
      play(file: string): Promise<unknown>
    }

    /** What a channel tells, a header at a time; values are text. */
    interface ChannelEvent {
      getHeader(name: string): string | null
    }

    interface Dialog extends EventEmitter {
      readonly connected: boolean
      readonly remote: { readonly sdp: string | undefined }
      /** A re-INVITE; resolves with the answer. After a refusal the next one never settles. */
      modify(sdp: string): Promise<string>
      destroy(): Promise<unknown>
    }
  }

  class Mrf extends EventEmitter {
    constructor(srf: unknown)
    /** Calls back once for each attempt, successes after a failure included; not at all for a wrong secret. */
    connect(options: Mrf.ConnectOptions, callback: (error: unknown, server?: Mrf.MediaServer) => void): void
  }

  export = Mrf
}
