import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify'
import { asMaskError, MaskError, type ErrorCode } from '../errors.js'
import { errorFields, type Log } from '../telemetry/log.js'
import { unknownAt } from './params.js'
import { earlyHeaders } from './security-headers.js'

/** RFC 9457 problem details. Nothing in it comes from a request but the name of a field of ours. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly field?: string
  /** Seconds, as in the header Retry-After. */
  readonly retryAfter?: number
}

export const problemType = 'application/problem+json'

/** Seconds after which a client may try again when the part that failed does not say. */
const defaultRetryAfter = 5

/** Library code → ours. Whatever is not here and not a MaskError is our own fault. */
const libraryCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_NOT_FOUND: 'not_found',
  FST_ERR_BAD_URL: 'not_found',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request_malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body_malformed',
  FST_ERR_CTP_INVALID_JSON_BODY: 'body_malformed',
  FST_ERR_HANDLER_TIMEOUT: 'deadline_exceeded'
}

/** The body of an error answer. */
export function problemOf(error: MaskError): Problem {
  const status = error.httpStatus === 0 ? 500 : error.httpStatus
  const code = error.httpStatus === 0 ? 'internal' : error.code
  const shown = code === error.code ? error : new MaskError(code)
  const retryAfter = error.retryAfter ?? (status === 503 ? defaultRetryAfter : undefined)
  return {
    type: `urn:maskline:problem:${code}`,
    title: shown.message,
    status,
    code,
    ...(shown.field === undefined ? {} : { field: shown.field }),
    ...(retryAfter === undefined ? {} : { retryAfter })
  }
}

/** Anything that a request can end with, in our own terms. @param route the pattern of its address */
export function refusalFor(error: unknown, route = ''): MaskError {
  if (error instanceof MaskError) return error
  const { code, validation, validationContext, statusCode } = error as LibraryError
  const unknown = validationContext === 'params' ? unknownAt(route) : undefined
  if (unknown !== undefined) return new MaskError(unknown)
  if (validation !== undefined) return new MaskError('request_invalid', withField(fieldOf(validation[0], validationContext)))
  const known = code === undefined ? undefined : libraryCodes[code]
  if (known !== undefined) return new MaskError(known)
  // The JSON parser's own errors: bad syntax, `__proto__` as a name.
  if (error instanceof SyntaxError && statusCode === 400) return new MaskError('body_malformed')
  return asMaskError(error)
}

interface LibraryError {
  readonly code?: string
  readonly statusCode?: number
  readonly validation?: FastifySchemaValidationError[]
  readonly validationContext?: string
}

const withField = (field: string | undefined): { field?: string } => field === undefined ? {} : { field }

/** Header names as people write them. */
const headerNames: Readonly<Record<string, string>> = { 'idempotency-key': 'Idempotency-Key' }

/**
 * The name of the field that a schema refused, such as `courier.phone`. A name that we did not give it
 * ourselves is repeated only when it looks like a name: a phone number as a key is a value too.
 */
function fieldOf(error: FastifySchemaValidationError | undefined, context = ''): string | undefined {
  if (error === undefined) return undefined
  const { missingProperty, additionalProperty } = error.params
  const path = error.instancePath.split('/').slice(1)
  if (typeof missingProperty === 'string') path.push(missingProperty)
  if (typeof additionalProperty === 'string' && /^[A-Za-z][A-Za-z_-]{0,39}\d{0,2}$/.test(additionalProperty)) path.push(additionalProperty)
  const field = path.join('.')
  if (field === '') return undefined
  return context === 'headers' ? headerNames[field] ?? field : field
}

/** Answers with the problem and keeps what went wrong on our side for the log alone. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  const problem = problemOf(refusalFor(error, request.routeOptions.url))
  if (problem.status >= 500) log.error('http.failed', { requestId: request.id, ...errorFields(error), code: problem.code })
  reply.problemCode = problem.code
  if (problem.retryAfter !== undefined) reply.header('retry-after', problem.retryAfter)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="maskline"')
  return reply.code(problem.status).type(problemType).send(problem)
}

/** What arrives on a socket and is no HTTP at all, or not in time, gets the same kind of answer. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket, log: Log): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = problemOf(new MaskError(error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'request_malformed'))
  log.info('http.broken', { status: problem.status, code: problem.code })
  const body = JSON.stringify(problem)
  socket.end([
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(earlyHeaders).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
    '',
    body
  ].join('\r\n'))
}
