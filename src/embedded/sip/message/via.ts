import { SipParseError } from './errors.js'
import { formatParams, hostPort, parseParams, type Params } from './uri.js'

/** RFC 3261 §20.42. `protocol` is upper case (`UDP`, `TCP`), `host` as written without brackets. */
export interface Via {
  readonly protocol: string
  readonly host: string
  readonly port: number | undefined
  readonly params: Params
}

const via = /^SIP\s*\/\s*2\.0\s*\/\s*([A-Za-z0-9\-.!%*_+`'~]+)\s+(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)\s*(?::\s*(\d{1,5}))?\s*((?:;.*)?)$/i

/** @throws SipParseError with code `via` */
export function parseVia(value: string): Via {
  const found = via.exec(value)
  if (found === null) throw new SipParseError('via')
  const port = found[3] === undefined ? undefined : Number(found[3])
  if (port !== undefined && (port < 1 || port > 65535)) throw new SipParseError('via')
  return { protocol: found[1]!.toUpperCase(), host: found[2]!.replace(/^\[|\]$/g, ''), port, params: viaParams(found[4]!) }
}

function viaParams(text: string): Params {
  try {
    return parseParams(text)
  } catch {
    throw new SipParseError('via')
  }
}

export function formatVia(value: Via): string {
  return `SIP/2.0/${value.protocol} ${hostPort(value.host, value.port)}${formatParams(value.params)}`
}
