import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Config } from '../config.js'
import { placeOf } from './gateway-address.js'
import { createTrunks } from './trunks.js'

/** How often names are looked up again, in milliseconds. */
const renewMs = 60_000

/**
 * Who may speak to the embedded SIP server: the trunks' sources and gateways and FreeSWITCH, by their socket
 * addresses alone. Names are looked up now and every minute; while that fails their last addresses hold.
 */
export async function admitted({ trunks, freeswitch }: Pick<Config, 'trunks' | 'freeswitch'>): Promise<(address: string) => boolean> {
  const sources = createTrunks(trunks)
  const hosts = [...trunks.flatMap(({ gateways }) => gateways.map((gateway) => placeOf(gateway).host)), ...(freeswitch.url === null ? [] : [placeOf(`sip:${new URL(freeswitch.url).host}`).host])]
  const addresses = new Map(hosts.map((host) => [host, isIP(host) === 0 ? [] : [host.toLowerCase()]]))
  const names = hosts.filter((host) => isIP(host) === 0)
  const renew = async (): Promise<void> => {
    await Promise.all(names.map(async (name) => {
      const found = await lookup(name, { all: true }).catch(() => undefined)
      if (found !== undefined) addresses.set(name, found.map(({ address }) => address.toLowerCase()))
    }))
  }
  await renew()
  if (names.length > 0) setInterval(() => void renew(), renewMs).unref()
  return (address) => {
    const plain = address.replace(/^::ffff:/i, '').toLowerCase()
    return sources.recognise({ address: plain, port: 0 }) !== undefined || [...addresses.values()].some((known) => known.includes(plain))
  }
}
