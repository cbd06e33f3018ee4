import { named, t } from '../../i18n.js'
import { duration } from '../../times.js'

/** @import { RetentionClass } from '../../types.js' */

/** @param {string} name */
export const classTitle = (name) => named('kind', name)

/** A period in words; none at all is a period too. @param {number | null} seconds */
export const periodText = (seconds) => seconds === null ? t('class.notKept') : duration(seconds)

/**
 * What the server says about a class, in the reader's language where we have it.
 * @param {RetentionClass} one @param {'purpose' | 'startEvent' | 'place' | 'method' | 'owner'} fact
 */
export const classFact = (one, fact) => named(fact, one.name, one[fact])
