import type { Test } from 'tap'
import {
  IncomingInvite, OutgoingInvite, Timers, TransactionLayer, UserAgent, type AgentUser, type Dialog, type Draft, type Incoming, type Outgoing, type Remote, type SipRequest, type SipResponse
} from '../../../../src/embedded/sip/index.js'
import { draftRequest, type RequestParts } from './messages.js'
import { remote, Wire } from './wire.js'

/** A user agent on the wire that notes all it is told. */
export interface Side {
  readonly port: number
  readonly layer: TransactionLayer
  readonly agent: UserAgent
  readonly incoming: Incoming[]
  readonly acks: SipRequest[]
  readonly cancelled: IncomingInvite[]
  readonly ended: string[]
  readonly dialogs: Set<Dialog>
  readonly errors: unknown[]
  /** What to do with a request at once; the rest waits in `incoming`. */
  answer: (incoming: Incoming) => void
}

export interface Asked {
  readonly outgoing: Outgoing
  /** The same, for an INVITE. */
  readonly invite: OutgoingInvite
  /** `180`, `486`, `408!` … as they come. */
  readonly seen: string[]
  readonly responses: SipResponse[]
}

export class Rig {
  readonly wire = new Wire()
  readonly timers = new Timers()
  readonly caller: Side
  readonly callee: Side

  constructor(t: Test, maxDialogs?: number) {
    this.caller = this.side(1)
    this.callee = this.side(2, maxDialogs)
    t.teardown(() => {
      this.timers.cancelAll()
      this.wire.close()
    })
  }

  side(port: number, maxDialogs = 100): Side {
    const transport = this.wire.endpoint(port)
    const layer = new TransactionLayer({ transport, timers: this.timers })
    this.wire.use(port, layer)
    const agent = new UserAgent({ transport, layer, timers: this.timers, maxDialogs })
    const side: Side = { port, layer, agent, incoming: [], acks: [], cancelled: [], ended: [], dialogs: new Set(), errors: [], answer: () => undefined }
    const user: AgentUser = {
      onRequest: (incoming) => { side.incoming.push(incoming); side.answer(incoming) },
      onCancel: (invite) => side.cancelled.push(invite),
      onAck: (_dialog, ack) => side.acks.push(ack),
      onEnded: (_dialog, reason) => side.ended.push(reason),
      onDialogAdded: (dialog) => side.dialogs.add(dialog),
      onDialogRemoved: (dialog) => side.dialogs.delete(dialog),
      onError: (error) => side.errors.push(error)
    }
    agent.use(user)
    return side
  }

  /** Asks from one side, by default the caller, outside any dialog. */
  ask(parts: RequestParts, to: Remote = remote(2), from = this.caller): Asked {
    const uri = `sip:+442079460000@127.0.0.1:${to.port}${to.protocol === 'tcp' ? ';transport=tcp' : ''}`
    return record((user) => from.agent.request(draftRequest({ uri, ...parts }), user))
  }

  askIn(side: Side, dialog: Dialog, method: string, draft: Draft = {}): Asked {
    return record((user) => side.agent.requestIn(dialog, method, draft, user))
  }

  /** A call that both sides believe in, answered and acknowledged. */
  async connect(parts: RequestParts = {}, to = remote(2)): Promise<{ a: Dialog; b: Dialog; asked: Asked }> {
    this.callee.answer = (incoming) => { if (incoming.request.method === 'INVITE') incoming.respond(200, { body: 'v=0 b' }) }
    const asked = this.ask({ method: 'INVITE', body: 'v=0 a', ...parts }, to)
    await this.wire.pass(0)
    const a = asked.invite.dialog!
    this.caller.agent.acknowledge(a)
    await this.wire.pass(0)
    this.callee.answer = () => undefined
    const b = (this.callee.incoming.at(-1) as IncomingInvite).dialog!
    return { a, b, asked }
  }

  /** What is left on all sides. */
  get left(): number[] {
    return [this.caller.layer.transactions + this.callee.layer.transactions, this.caller.agent.dialogs + this.callee.agent.dialogs, this.timers.running]
  }
}

function record(send: (user: { onResponse: (response: SipResponse, from: Remote | undefined) => void }) => Outgoing): Asked {
  const seen: string[] = []
  const responses: SipResponse[] = []
  const outgoing = send({
    onResponse: (response, from) => {
      seen.push(`${response.status}${from === undefined ? '!' : ''}`)
      responses.push(response)
    }
  })
  return {
    outgoing, seen, responses,
    get invite() {
      if (outgoing instanceof OutgoingInvite) return outgoing
      throw new Error('not an INVITE')
    }
  }
}

export { remote }
