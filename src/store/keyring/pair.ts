import { MaskError } from '../../errors.js'
import { newId } from '../../ids.js'
import { keyName } from '../keys.js'
import type { Store } from '../redis.js'

const inKeys = keyName('installation', 'keys')
const inData = keyName('installation', 'maskline')
/** Every key of ours, and hardly one of somebody else, has a tag in braces. */
const anyOfOurs = '*:{*}*'

/**
 * Makes sure that a key store and a store of data are two halves of one installation: a random id stands in both.
 * Both new: they are from now on. New data beside old keys: the data were lost, and the keys go on.
 * @throws MaskError config_invalid with one sentence when they are not; store_unavailable
 */
export async function pair(keys: Store, data: Store): Promise<void> {
  // In this order: whoever pairs them writes to the keys first.
  const belongs = await idIn(data, inData)
  const known = await idIn(keys, inKeys)
  if (belongs !== undefined && known === undefined) throw lost()
  if (belongs === undefined && await holdsData(data)) {
    // Another process may have paired them and begun to write in this moment.
    if (await idIn(data, inData) === undefined) throw lost()
  }
  const id = known ?? await claim(keys, inKeys, newId())
  if ((belongs ?? await claim(data, inData, id)) !== id) throw invalid('The key store (MASKLINE_KEYS_URL) belongs to another installation than the data (MASKLINE_REDIS_URL); check both addresses.')
}

/** Whoever writes first decides. */
async function claim(store: Store, name: string, id: string): Promise<string> {
  return await store.set(name, id, { ifAbsent: true }) ? id : await idIn(store, name) ?? id
}

async function idIn(store: Store, name: string): Promise<string | undefined> {
  return (await store.get(name))?.toString()
}

async function holdsData(data: Store): Promise<boolean> {
  for await (const names of data.scan(anyOfOurs)) {
    if (names.length > 0) return true
  }
  return false
}

function lost(): MaskError {
  return invalid('There are data (MASKLINE_REDIS_URL), but the key store (MASKLINE_KEYS_URL) is empty: give the one that belongs to them, or begin with an empty Redis.')
}

function invalid(sentence: string): MaskError {
  return new MaskError('config_invalid', { cause: sentence })
}
